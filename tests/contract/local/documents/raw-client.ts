import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { firestoreMethods } from '#local/documents/wire/schema.ts'

type Message = Record<string, unknown>

interface CallOptions {
  header?: Record<string, string>
  deadlineMs?: number
}

/** Calls of the API that the official client never makes, by method name with plain objects. */
export function rawClient(host: string): {
  call: (method: string, request: Message, options?: CallOptions) => Promise<Message>
  close: () => void
} {
  const client = new Client(host, credentials.createInsecure())
  const methods = new Map(firestoreMethods().map((method) => [method.name, method]))
  return {
    call(name, request, { header = {}, deadlineMs } = {}) {
      const metadata = new Metadata()
      for (const [key, value] of Object.entries(header)) metadata.set(key, value)
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
      const { resolvedRequestType: requestType, resolvedResponseType: responseType } = methods.get(name) ?? {}
      if (!requestType || !responseType) throw new Error(`There is no method ${name}.`)
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          `/google.firestore.v1.Firestore/${name}`,
          (message: Message) => Buffer.from(requestType.encode(requestType.fromObject(message)).finish()),
          (bytes: Buffer) => responseType.toObject(responseType.decode(bytes), { longs: String, arrays: true }),
          request,
          metadata,
          options,
          (error, response) => (error ? reject(error) : resolve(response as Message)),
        )
      })
    },
    close: () => client.close(),
  }
}
