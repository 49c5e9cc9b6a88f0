import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  status,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { Metadata } from '@grpc/grpc-js'
import { type DocumentFaults, dueFault, FAULT_HEADER, sufferFault } from '../faults.ts'
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

/** What faults need beside the handlers. */
export interface FaultContext {
  faults: DocumentFaults
  /** Resets the connection of a caller. */
  reset(connection: string): void
}

/** Turns handlers, which throw StatusErrors, into grpc-js's callbacks and streams. */
export function serviceImplementation(handlers: Handlers, context: FaultContext): UntypedServiceImplementation {
  const implementation: UntypedServiceImplementation = {}
  const { unary, serverStream, duplex } = handlers
  for (const [name, handler] of Object.entries(unary)) implementation[name] = unaryCall(name, handler, context)
  for (const [name, handler] of Object.entries(serverStream)) implementation[name] = streamCall(name, handler, context)
  for (const [name, handler] of Object.entries(duplex)) implementation[name] = duplexCall(name, handler, context)
  return implementation
}

/** Runs a handler with the fault that is meant for this call. */
async function perform<T>(
  method: string,
  call: ServerUnaryCall<object, object> | ServerWritableStream<object, object>,
  context: FaultContext,
  work: (caller: Caller) => Promise<T>,
): Promise<T> {
  if (call.request === TOO_LARGE) {
    throw invalidArgument(`Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`)
  }
  const connection = call.getPeer()
  const due = dueFault(context.faults, { method, header: faultHeader(call.metadata), isListen: false })
  return sufferFault(
    due,
    () => work({ connection }),
    () => context.reset(connection),
  )
}

function faultHeader(metadata: Metadata): string | undefined {
  return metadata.get(FAULT_HEADER)[0]?.toString()
}

function unaryCall(method: string, handler: Unary, context: FaultContext): handleUnaryCall<object, object> {
  return (call, callback) => {
    perform(method, call, context, (caller) => handler(call.request as never, caller)).then(
      (response) => callback(null, response),
      (error) => callback(statusOf(error)),
    )
  }
}

function streamCall(
  method: string,
  handler: ServerStream,
  context: FaultContext,
): handleServerStreamingCall<object, object> {
  return (call) => {
    const send = (response: object) => call.write(response)
    perform(method, call, context, (caller) => handler(call.request as never, caller, send)).then(
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

function duplexCall(method: string, handler: Duplex, context: FaultContext): handleBidiStreamingCall<object, object> {
  return (call) => {
    const begin = async () => {
      const due = dueFault(context.faults, { method, header: faultHeader(call.metadata), isListen: true })
      await sufferFault(
        due,
        async () => handler(call),
        () => context.reset(call.getPeer()),
      )
    }
    begin().catch((error) => call.emit('error', statusOf(error)))
  }
}

/** What grpc-js sends as status and message. */
export function statusOf(error: unknown): { code: status; details: string } {
  const { code, message } = toStatusError(error)
  return { code, details: message }
}
