import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { firestoreMethods } from '#local/documents/wire/schema.ts'

type Message = Record<string, unknown>

const TO_OBJECT = { longs: String, arrays: true }

interface CallOptions {
  header?: Record<string, string>
  deadlineMs?: number
}

/** Calls of the API that the official client never makes, by method name with plain objects. */
export function rawClient(host: string): {
  call: (method: string, request: Message, options?: CallOptions) => Promise<Message>
  /** All messages of a call that is answered by several. */
  stream: (method: string, request: Message) => Promise<Message[]>
  close: () => void
} {
  const client = new Client(host, credentials.createInsecure())
  const methods = new Map(firestoreMethods().map((method) => [method.name, method]))
  const typesOf = (name: string) => {
    const { resolvedRequestType: request, resolvedResponseType: response } = methods.get(name) ?? {}
    if (!request || !response) throw new Error(`There is no method ${name}.`)
    return {
      encode: (message: Message) => Buffer.from(request.encode(request.fromObject(message)).finish()),
      decode: (bytes: Buffer): Message => response.toObject(response.decode(bytes), TO_OBJECT),
    }
  }
  return {
    call(name, request, { header = {}, deadlineMs } = {}) {
      const metadata = new Metadata()
      for (const [key, value] of Object.entries(header)) metadata.set(key, value)
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
      const { encode, decode } = typesOf(name)
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          `/google.firestore.v1.Firestore/${name}`,
          encode,
          decode,
          request,
          metadata,
          options,
          (error, response) => (error ? reject(error) : resolve(response as Message)),
        )
      })
    },
    stream(name, request) {
      const { encode, decode } = typesOf(name)
      const metadata = new Metadata()
      // Google's emulator takes it for its owner's.
      metadata.set('authorization', 'Bearer owner')
      return new Promise((resolve, reject) => {
        const messages: Message[] = []
        const path = `/google.firestore.v1.Firestore/${name}`
        const call = client.makeServerStreamRequest(path, encode, decode, request, metadata)
        call.on('data', (message: Message) => messages.push(message))
        call.on('error', reject)
        call.on('end', () => resolve(messages))
      })
    },
    close: () => client.close(),
  }
}

const documentType = firestoreMethods().find(({ name }) => name === 'GetDocument')?.resolvedResponseType

/** A document of an answer, where the schema of the server keeps it as bytes: its name and its fields, all defaults told. */
export function decodeDocument(bytes: Uint8Array): [name: string, fields: [string, unknown][]] {
  if (!documentType) throw new Error('There is no type of documents.')
  const decoded = documentType.decode(bytes)
  const { name, fields } = documentType.toObject(decoded, { longs: String, bytes: String, defaults: true })
  return [name, Object.entries(fields).sort(([left], [right]) => (left < right ? -1 : 1))]
}
