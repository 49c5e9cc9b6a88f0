import { z } from 'zod'
import type { FaultQueue } from '../fault-queue.ts'

export type ClipDropEndpoint = 'remove-background' | 'upscale'

/** What can go wrong on demand. Those marked "paid" do the work and take the credit first. */
const faultKind = z.discriminatedUnion('kind', [
  /** Any status with the documented body, e.g. 402, 403, 429, 500; with `html` a gateway's page instead. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(300).max(599),
    html: z.boolean().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  /** A page with status 200. */
  z.strictObject({ kind: z.literal('html') }),
  /** `{"error": …}` with status 200. */
  z.strictObject({ kind: z.literal('json') }),
  /** Paid. The announced length, half the bytes, then the end of the connection. */
  z.strictObject({ kind: z.literal('cut-body') }),
  /** Paid. Half a picture under an honest length. */
  z.strictObject({ kind: z.literal('half-picture') }),
  /** Paid. The right picture under another content type. */
  z.strictObject({ kind: z.literal('wrong-type'), contentType: z.string().optional() }),
  /** Paid. Noise under the right content type. */
  z.strictObject({ kind: z.literal('noise') }),
  /** Paid. A picture of other dimensions. */
  z.strictObject({ kind: z.literal('wrong-size'), width: z.int().positive(), height: z.int().positive() }),
  /** Paid. The picture without its alpha channel, as JPEG. */
  z.strictObject({ kind: z.literal('no-alpha') }),
  /** Paid. Credit headers that say nothing usable. */
  z.strictObject({ kind: z.literal('odd-credits') }),
  /** Takes the request and never answers. */
  z.strictObject({ kind: z.literal('hang') }),
  /** Takes the request and resets the connection: nothing was done. */
  z.strictObject({ kind: z.literal('reset') }),
  /** Paid. Does the work and resets the connection in place of an answer. */
  z.strictObject({ kind: z.literal('lost-answer') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
])

export type ClipDropFault = z.infer<typeof faultKind>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault: faultKind,
  times: z.int().min(1).default(1),
  endpoint: z.enum(['remove-background', 'upscale']).optional(),
})

export type ClipDropFaults = FaultQueue<ClipDropFault, ClipDropEndpoint>
