import type { HttpClient, HttpRequest } from '#shared/http/client.ts'
import { HttpTransientError } from '#shared/http/http-error.ts'

/**
 * What goes wrong between us and the bucket: the answer to a write is lost, the connection is cut after half of what it was
 * to carry, a byte falls over on the way, the service is away.
 */
export type BucketFault = 'lost-answer' | 'cut' | 'damaged' | 'unavailable' | 'cut-read'

/** A client of the bucket whose next requests meet the faults in `due`, each once. */
export function faultyBucketClient(http: HttpClient, due: BucketFault[]): HttpClient {
  return {
    close: () => http.close(),
    async request(request) {
      const isWrite = request.method === 'POST'
      const next = due.findIndex((fault) => fault === 'unavailable' || (fault !== 'cut-read') === isWrite)
      const [fault] = next === -1 ? [] : due.splice(next, 1)
      switch (fault) {
        case 'unavailable':
          throw broken('unavailable')
        case 'lost-answer':
          await (await http.request(request)).bytes()
          throw broken('the answer was lost')
        case 'cut':
          return await http.request(withBody(request, cutInHalf))
        case 'damaged':
          return await http.request(withBody(request, flipFirstBit))
        case 'cut-read': {
          const response = await http.request(request)
          return { ...response, body: () => cutAfterFirst(response.body()) }
        }
        default:
          return await http.request(request)
      }
    },
  }
}

function withBody(
  request: HttpRequest,
  change: (chunks: AsyncIterable<Uint8Array>, sizeBytes: number) => AsyncIterable<Uint8Array>,
): HttpRequest {
  const { body } = request
  if (body?.kind !== 'stream') throw new Error('Only streams are changed on their way')
  return { ...request, body: { ...body, chunks: change(body.chunks, body.sizeBytes ?? 2) } }
}

async function* cutInHalf(chunks: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let passed = 0
  for await (const chunk of chunks) {
    if (passed + chunk.byteLength > sizeBytes / 2) throw broken('cut')
    passed += chunk.byteLength
    yield chunk
  }
}

async function* flipFirstBit(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true
  for await (const chunk of chunks) {
    const changed = Buffer.from(chunk)
    if (isFirst) changed[0] = (changed[0] ?? 0) ^ 1
    isFirst = false
    yield changed
  }
}

async function* cutAfterFirst(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const first = await chunks.next()
  if (first.done !== true) yield first.value
  await chunks.return(undefined)
  throw broken('cut')
}

function broken(message: string): HttpTransientError {
  return new HttpTransientError({ code: 'http.reset', message, host: 'bucket', delivery: 'unknown' })
}
