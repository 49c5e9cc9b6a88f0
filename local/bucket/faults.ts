import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import { z } from 'zod'
import { createFaultQueue, type DueFault, type FaultQueue } from '../fault-queue.ts'
import type { Call } from './http/call.ts'
import { ApiFailure, invalid } from './http/failure.ts'
import type { Reply } from './http/reply.ts'

/** What a request is about; `upload` starts or is an upload, `chunk` goes on with one, `write` changes without bytes. */
const endpoint = z.enum(['upload', 'chunk', 'download', 'metadata', 'list', 'write', 'delete'])
export type BucketEndpoint = z.infer<typeof endpoint>

/** How many bytes of the body pass before, in whichever direction it goes. */
const atByte = z.int().min(0)

/** What can go wrong on demand. */
const fault = z.discriminatedUnion('kind', [
  /** This status in place of the work. */
  z.strictObject({ kind: z.literal('status'), status: z.int().min(400).max(599) }),
  /** Resets the connection: before the work, or in the middle of the body where `atByte` is given. */
  z.strictObject({ kind: z.literal('reset'), atByte: atByte.optional() }),
  /** Never answers, or sends or takes no byte more after `atByte`. */
  z.strictObject({ kind: z.literal('stall'), atByte: atByte.optional() }),
  /** Does the work and resets the connection in place of an answer. */
  z.strictObject({ kind: z.literal('lost-answer') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
  /** The body, up or down, passes at so many bytes a second. */
  z.strictObject({ kind: z.literal('slow'), bytesPerSecond: z.number().positive() }),
])

export type BucketFault = z.infer<typeof fault>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault,
  times: z.int().min(1).default(1),
  endpoint: endpoint.optional(),
})

export type BucketFaults = FaultQueue<BucketFault, BucketEndpoint>

export const createBucketFaults = (): BucketFaults => createFaultQueue()

/** A request's own fault comes in this header, as JSON. */
const FAULT_HEADER = 'x-fault'

/** The fault that a request asks for by itself, or the one that is ordered for it. @throws ApiFailure for a header that orders none. */
export function dueFault(faults: BucketFaults, call: Call): DueFault<BucketFault> | null {
  const asked = call.request.headers[FAULT_HEADER]
  if (asked !== undefined) return { fault: readHeader(String(asked)), fire: () => {} }
  const kind = endpointOf(call)
  return kind === null ? null : faults.next(kind, (fault) => canHarm(fault, kind))
}

/** Faults of the body wait for a request that has one. */
function canHarm(fault: BucketFault, kind: BucketEndpoint): boolean {
  const isOfBody = fault.kind === 'slow' || ('atByte' in fault && fault.atByte !== undefined)
  return !isOfBody || kind === 'upload' || kind === 'chunk' || kind === 'download'
}

function readHeader(text: string): BucketFault {
  try {
    return fault.parse(JSON.parse(text))
  } catch {
    throw invalid(`The header ${FAULT_HEADER} holds no fault that is known here.`)
  }
}

/** Null for what is no request for objects: readiness, the server's own endpoints. */
function endpointOf({ method, rawPath, query }: Call): BucketEndpoint | null {
  if (rawPath === '/' || rawPath.startsWith('/_')) return null
  if (query.has('upload_id')) return 'chunk'
  if (method === 'DELETE') return 'delete'
  if (query.has('uploadType') || (method === 'PUT' && !/^(\/storage\/v1)?\/b\//.test(rawPath))) return 'upload'
  if (method !== 'GET' && method !== 'HEAD') return 'write'
  const isJson = /^(\/storage\/v1)?\/b(\/|$)/.test(rawPath)
  if (query.get('alt') === 'media' || rawPath.startsWith('/download/') || !isJson) return 'download'
  return /\/o$/.test(rawPath) ? 'list' : 'metadata'
}

/** Runs a request's work, or what its fault leaves of it; null where nothing more is to be answered. */
export async function sufferFault(
  due: DueFault<BucketFault>,
  call: Call,
  work: () => Promise<Reply> | Reply,
): Promise<Reply | null> {
  const { fault: ordered } = due
  const isDownload = endpointOf(call) === 'download'
  switch (ordered.kind) {
    case 'status':
      due.fire()
      throw new ApiFailure({
        status: ordered.status,
        reason: reasonOf(ordered.status),
        message: 'Injected by the test.',
      })
    case 'delay':
      due.fire()
      await after(ordered.ms, undefined, { ref: false })
      return work()
    case 'lost-answer':
      await work()
      due.fire()
      call.request.socket.resetAndDestroy()
      return null
    case 'reset':
    case 'stall':
      if (ordered.atByte === undefined) {
        due.fire()
        if (ordered.kind === 'reset') call.request.socket.resetAndDestroy()
        return null
      }
      break
    case 'slow':
      break
    default:
      throw new Error(`Unknown fault ${ordered satisfies never}`)
  }
  if (!isDownload) {
    const { body } = call
    call.body = () => passThrough(due, call, body())
    return work()
  }
  const reply = await work()
  const chunks = Buffer.isBuffer(reply.body) ? [reply.body] : reply.body
  return chunks === null ? reply : { ...reply, body: Readable.from(passThrough(due, call, chunks)) }
}

/** The client takes some reasons for passing whatever the status. */
function reasonOf(status: number): string {
  if (status >= 500) return 'backendError'
  return status === 429 ? 'rateLimitExceeded' : status === 403 ? 'forbidden' : 'invalid'
}

/** A body as the fault lets it pass. */
async function* passThrough(
  due: DueFault<BucketFault>,
  call: Call,
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Buffer> {
  const { fault: ordered } = due
  const { socket } = call.request
  const end = 'atByte' in ordered && ordered.atByte !== undefined ? ordered.atByte : Number.POSITIVE_INFINITY
  let passed = 0
  for await (const chunk of chunks) {
    if (ordered.kind === 'slow') {
      if (passed === 0) due.fire()
      await after((chunk.byteLength / ordered.bytesPerSecond) * 1000, undefined, { ref: false })
    }
    const part = chunk.subarray(0, end - passed)
    if (part.byteLength > 0) yield part
    passed += chunk.byteLength
    if (passed <= end) continue
    due.fire()
    if (ordered.kind === 'reset') socket.resetAndDestroy()
    if (!socket.destroyed) await once(socket, 'close')
    throw new Error('The connection ended by an injected fault.')
  }
}
