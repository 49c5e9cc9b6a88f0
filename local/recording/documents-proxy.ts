import {
  Client,
  credentials,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { firestoreMethods } from '../documents/wire/schema.ts'
import { billedFor, documentCalls, type FirestoreExchange } from './document-calls.ts'
import type { Recording } from './recording.ts'

export interface DocumentsProxy {
  /** For FIRESTORE_EMULATOR_HOST. */
  host: string
  close(): Promise<void>
}

const SERVICE = 'google.firestore.v1.Firestore'
/** The service's own limits are behind the proxy. */
const UNLIMITED = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }
const asItIs = (bytes: Buffer): Buffer => bytes

/** Passes Firestore's gRPC on to `target`, message by message as they are, and notes what each call does. */
export async function startDocumentsProxy(target: string, recording: Recording): Promise<DocumentsProxy> {
  const client = new Client(target, credentials.createInsecure(), UNLIMITED)
  const server = new Server(UNLIMITED)
  const definition: Record<string, ServiceDefinition[string]> = {}
  const implementation: UntypedServiceImplementation = {}
  for (const method of firestoreMethods()) {
    const { resolvedRequestType: requestType, resolvedResponseType: responseType } = method
    if (requestType === null || responseType === null) continue
    const { name } = method
    const path = `/${SERVICE}/${name}`
    definition[name] = {
      path,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    }
    const exchange: FirestoreExchange = {
      asked: (bytes) => {
        for (const call of documentCalls(name, requestType.decode(bytes).toJSON())) recording.note(call)
      },
      billed: (request, answers) => {
        const asked = request === null ? {} : requestType.decode(request).toJSON()
        const counts = billedFor(
          name,
          asked,
          answers.map((bytes) => responseType.decode(bytes).toJSON()),
        )
        recording.documents.reads += counts.reads
        recording.documents.writes += counts.writes
        recording.documents.deletes += counts.deletes
      },
    }
    if (method.requestStream === true) implementation[name] = duplex(client, path, exchange)
    else if (method.responseStream === true) implementation[name] = serverStream(client, path, exchange)
    else implementation[name] = unary(client, path, exchange)
  }
  server.addService(definition, implementation)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return {
    host: `127.0.0.1:${port}`,
    async close() {
      server.forceShutdown()
      client.close()
    },
  }
}

function unary(client: Client, path: string, exchange: FirestoreExchange) {
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    exchange.asked(call.request)
    const passed = client.makeUnaryRequest(path, asItIs, asItIs, call.request, headersOf(call), (error, answer) => {
      if (error) return callback(error)
      exchange.billed(call.request, [answer as Buffer])
      callback(null, answer as Buffer)
    })
    call.on('cancelled', () => passed.cancel())
  }
}

function serverStream(client: Client, path: string, exchange: FirestoreExchange) {
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    exchange.asked(call.request)
    const answers: Buffer[] = []
    const passed = client.makeServerStreamRequest(path, asItIs, asItIs, call.request, headersOf(call))
    passed.on('metadata', (metadata: Metadata) => call.sendMetadata(metadata))
    passed.on('data', (bytes: Buffer) => {
      answers.push(bytes)
      call.write(bytes)
    })
    passed.on('error', (error) => call.emit('error', error))
    passed.on('end', () => {
      exchange.billed(call.request, answers)
      call.end()
    })
    call.on('cancelled', () => passed.cancel())
  }
}

function duplex(client: Client, path: string, exchange: FirestoreExchange) {
  return (call: ServerDuplexStream<Buffer, Buffer>): void => {
    const passed = client.makeBidiStreamRequest(path, asItIs, asItIs, headersOf(call))
    passed.on('metadata', (metadata: Metadata) => call.sendMetadata(metadata))
    passed.on('data', (bytes: Buffer) => {
      exchange.billed(null, [bytes])
      call.write(bytes)
    })
    passed.on('error', (error) => call.emit('error', error))
    passed.on('end', () => call.end())
    call.on('data', (bytes: Buffer) => {
      exchange.asked(bytes)
      passed.write(bytes)
    })
    call.on('end', () => passed.end())
    call.on('cancelled', () => passed.cancel())
    call.on('error', () => passed.cancel())
  }
}

/** Without the connection's own: grpc-js writes those of the next one itself. */
function headersOf(call: { metadata: Metadata }): Metadata {
  const metadata = call.metadata.clone()
  for (const name of ['user-agent', 'grpc-accept-encoding', 'accept-encoding', 'content-type', 'te']) {
    metadata.remove(name)
  }
  return metadata
}
