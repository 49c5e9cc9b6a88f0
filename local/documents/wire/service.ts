import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServiceDefinition,
  status,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { Metadata } from '@grpc/grpc-js'
import { firestoreMethods } from './schema.ts'
import { invalidArgument, toStatusError } from './status.ts'

/** The real service's own limit, a little above the 10 MiB that it documents. */
const MAX_REQUEST_BYTES = 11_534_336
/** Stands for a request that was not read. */
const TOO_LARGE = {}

/** Who calls. */
export interface Caller {
  connection: string
}

export type Unary = (request: never, caller: Caller) => Promise<object>
export type ServerStream = (request: never, caller: Caller, send: (response: object) => void) => Promise<void>
export type Duplex = (stream: ServerDuplexStream<object, object>) => void

/** The methods by name; those that are missing answer UNIMPLEMENTED. */
export interface Handlers {
  unary: Readonly<Record<string, Unary>>
  serverStream: Readonly<Record<string, ServerStream>>
  duplex: Readonly<Record<string, Duplex>>
}

/** The service as grpc-js wants it. A response may be bytes: they are sent as they are. */
export function serviceDefinition(): ServiceDefinition {
  const definition: Record<string, ServiceDefinition[string]> = {}
  for (const method of firestoreMethods()) {
    const { resolvedRequestType, resolvedResponseType } = method
    if (resolvedRequestType === null || resolvedResponseType === null) continue
    const encode = (message: object): Buffer =>
      message instanceof Uint8Array ? Buffer.from(message) : Buffer.from(resolvedResponseType.encode(message).finish())
    definition[method.name] = {
      path: `/google.firestore.v1.Firestore/${method.name}`,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
      requestSerialize: () => Buffer.alloc(0),
      requestDeserialize: (bytes) => (bytes.length > MAX_REQUEST_BYTES ? TOO_LARGE : resolvedRequestType.decode(bytes)),
      responseSerialize: encode,
      responseDeserialize: (bytes) => bytes,
    }
  }
  return definition
}

/** Turns handlers, which throw StatusErrors, into grpc-js's callbacks and streams. */
export function serviceImplementation(handlers: Handlers): UntypedServiceImplementation {
  const implementation: UntypedServiceImplementation = {}
  for (const [name, handler] of Object.entries(handlers.unary)) implementation[name] = unaryCall(handler)
  for (const [name, handler] of Object.entries(handlers.serverStream)) implementation[name] = streamCall(handler)
  for (const [name, handler] of Object.entries(handlers.duplex)) implementation[name] = duplexCall(handler)
  return implementation
}

function unaryCall(handler: Unary): handleUnaryCall<object, object> {
  return (call, callback) => {
    const { request } = call
    if (request === TOO_LARGE) return callback(statusOf(tooLarge()))
    handler(request as never, { connection: call.getPeer() }).then(
      (response) => callback(null, response),
      (error) => callback(statusOf(error)),
    )
  }
}

const tooLarge = () => invalidArgument(`Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`)

function streamCall(handler: ServerStream): handleServerStreamingCall<object, object> {
  return (call) => {
    handler(call.request as never, { connection: call.getPeer() }, (response) => call.write(response)).then(
      () => call.end(),
      (error) => {
        if (call.cancelled) return
        // Without headers of its own the official client takes a refusal for a lost answer and asks again for 7 seconds.
        call.sendMetadata(new Metadata())
        call.emit('error', statusOf(error))
      },
    )
  }
}

function duplexCall(handler: Duplex): handleBidiStreamingCall<object, object> {
  return (call) => handler(call)
}

/** What grpc-js sends as status and message. */
export function statusOf(error: unknown): { code: status; details: string } {
  const { code, message } = toStatusError(error)
  return { code, details: message }
}
