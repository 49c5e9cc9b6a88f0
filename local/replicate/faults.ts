import { z } from 'zod'
import type { FaultQueue } from '../fault-queue.ts'

export const ENDPOINTS = ['create', 'get', 'cancel', 'list', 'upload', 'file', 'output'] as const

export type ReplicateEndpoint = (typeof ENDPOINTS)[number]

/** What can go wrong on demand at any endpoint. */
const requestFaults = [
  /** Any status with the documented body, e.g. 402, 422, 429, 500; with `html` a gateway's page instead. Nothing is done. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(300).max(599),
    html: z.boolean().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    /** More fields of the problem document, or others in place of its own. */
    body: z.record(z.string(), z.unknown()).optional(),
  }),
  /** A page with a good status. Nothing is done. */
  z.strictObject({ kind: z.literal('html') }),
  /** JSON of another shape with a good status. Nothing is done. */
  z.strictObject({ kind: z.literal('json') }),
  /** Takes the request and never answers. Nothing is done. */
  z.strictObject({ kind: z.literal('hang') }),
  /** Takes the request and resets the connection. Nothing is done. */
  z.strictObject({ kind: z.literal('reset') }),
  /** Does the work (a run is created, and billed) and resets the connection in place of an answer. */
  z.strictObject({ kind: z.literal('lost-answer') }),
  /** Does the work. The announced length, half the bytes, then the end of the connection. */
  z.strictObject({ kind: z.literal('cut-body') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
] as const

/** What can become of a run; ordered for `create`. */
const runFaults = [
  z.strictObject({ kind: z.literal('failed'), error: z.string().default('CUDA out of memory.') }),
  z.strictObject({ kind: z.literal('canceled') }),
  z.strictObject({ kind: z.literal('aborted') }),
  /** It neither starts nor ends by itself, nor by Cancel-After; only a cancellation ends it, or not even that. */
  z.strictObject({ kind: z.literal('never-ends'), evenCanceled: z.boolean().optional() }),
  /** While it runs it has a status that nobody has heard of. */
  z.strictObject({ kind: z.literal('unknown-status'), status: z.string().default('queued') }),
  /** A held call is answered with the output as data URL while the run is still processing. */
  z.strictObject({ kind: z.literal('early-output') }),
  /** Another output than the model's. */
  z.strictObject({ kind: z.literal('output'), output: z.unknown() }),
  /** Ends with its data removed already. */
  z.strictObject({ kind: z.literal('data-removed') }),
  /** Metrics, logs and error in shapes that were not announced. */
  z.strictObject({ kind: z.literal('odd-fields') }),
] as const

/** What can be wrong with a file; ordered for `output`. */
const outputFaults = [
  /** Half a picture under an honest length. */
  z.strictObject({ kind: z.literal('half-picture') }),
  z.strictObject({ kind: z.literal('wrong-type'), contentType: z.string().default('application/octet-stream') }),
  /** Noise under the right content type. */
  z.strictObject({ kind: z.literal('noise') }),
  z.strictObject({ kind: z.literal('wrong-size'), width: z.int().positive(), height: z.int().positive() }),
  /** Without its alpha channel, as JPEG. */
  z.strictObject({ kind: z.literal('no-alpha') }),
] as const

const faultKind = z.discriminatedUnion('kind', [...requestFaults, ...runFaults, ...outputFaults])

export type ReplicateFault = z.infer<typeof faultKind>
export type ReplicateFaults = FaultQueue<ReplicateFault, ReplicateEndpoint>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault: faultKind,
  times: z.int().min(1).default(1),
  endpoint: z.enum(ENDPOINTS).optional(),
})

const RUN_KINDS: ReadonlySet<string> = new Set(runFaults.map((fault) => fault.shape.kind.value))
const OUTPUT_KINDS: ReadonlySet<string> = new Set(outputFaults.map((fault) => fault.shape.kind.value))

/** The one endpoint that a fault can be about; null for those of any. */
export function endpointOf(fault: ReplicateFault): ReplicateEndpoint | null {
  if (RUN_KINDS.has(fault.kind)) return 'create'
  return OUTPUT_KINDS.has(fault.kind) ? 'output' : null
}
