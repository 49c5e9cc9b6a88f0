import { z } from 'zod'
import type { FaultQueue } from '../fault-queue.ts'

export type FileHostEndpoint = 'file'

/** Which answers a fault meets; it waits for the first that fits. Faults of the body never meet a HEAD. */
const aim = {
  /** Only answers with at least so many bytes; a probe of one byte is spared with 2. */
  minBytes: z.int().min(1).optional(),
  /** Only answers that would hold this byte of the file: picks one part of many. */
  containing: z.int().min(0).optional(),
}
/** How many bytes of this answer pass before; the fault waits for an answer that has more than that. */
const atByte = z.int().min(0)

const fault = z.discriminatedUnion('kind', [
  /** Any status with S3's XML. `retryAfter` and `rateLimit` are sent as `Retry-After` and `RateLimit`. */
  z.strictObject({
    kind: z.literal('status'),
    ...aim,
    status: z.int().min(400).max(599),
    retryAfter: z.union([z.string(), z.number()]).optional(),
    rateLimit: z.string().optional(),
  }),
  /** A login page with status 200. */
  z.strictObject({ kind: z.literal('html'), ...aim }),
  /** An error as JSON with status 200. */
  z.strictObject({ kind: z.literal('json'), ...aim }),
  /** 403 to a request that comes while another for the same file is being answered. */
  z.strictObject({ kind: z.literal('refuse-lane'), ...aim }),
  /** 200 with everything to a Range, and not a word of ranges. `shape({ ranges: false })` is the lasting form. */
  z.strictObject({ kind: z.literal('no-ranges'), ...aim }),
  /** 200 with everything to a Range, by a server that otherwise does ranges. */
  z.strictObject({ kind: z.literal('whole-for-range'), ...aim }),
  /** 206 whose Content-Range starts a byte late, has another total, or is missing; the bytes are right. */
  z.strictObject({
    kind: z.literal('wrong-content-range'),
    ...aim,
    how: z.enum(['shifted', 'wrong-total', 'missing']),
  }),
  /** Another ETag from this answer on, if one was told before; with `newBytes` other bytes of the same length too. */
  z.strictObject({ kind: z.literal('changed-etag'), ...aim, newBytes: z.boolean().optional() }),
  /** This answer comes at so many bytes/s, if it is more than what passes in 50 ms. */
  z.strictObject({ kind: z.literal('slow'), ...aim, bytesPerSecond: z.number().positive() }),
  /** The connection ends cleanly short of the announced length. */
  z.strictObject({ kind: z.literal('truncated'), ...aim, atByte }),
  /** As `truncated`, and all URLs handed out so far are 403 afterwards. */
  z.strictObject({ kind: z.literal('expire'), ...aim, atByte }),
  z.strictObject({ kind: z.literal('reset'), ...aim, atByte }),
  /** No byte more until the client goes. */
  z.strictObject({ kind: z.literal('stall'), ...aim, atByte }),
  /** No length is announced: the end of the connection is the end, after `atByte` bytes where that is given. */
  z.strictObject({ kind: z.literal('no-content-length'), ...aim, atByte: atByte.optional() }),
  /** The right length with one wrong byte, the middle one unless told otherwise; spares answers of one byte. */
  z.strictObject({ kind: z.literal('corrupt'), ...aim, atByte: atByte.optional() }),
])

export type FileHostFault = z.infer<typeof fault>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault,
  times: z.int().min(1).default(1),
  endpoint: z.enum(['file']).optional(),
})

export type FileHostFaults = FaultQueue<FileHostFault, FileHostEndpoint>
