import { z } from 'zod'
import type { FaultQueue } from '../fault-queue.ts'
import { HOSTILE_ARCHIVES } from './archives/hostile-archive.ts'

export const ENDPOINTS = [
  'create',
  'get',
  'cancel',
  'list',
  'train',
  'get-training',
  'cancel-training',
  'list-trainings',
  'create-model',
  'get-model',
  'webhook-secret',
  'upload',
  'file',
  'output',
  /** No request to the stand-in, but one of its own. */
  'webhook',
] as const

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
  z.strictObject({
    kind: z.literal('lost-answer'),
    /** The run is in the list only after so many seconds, or never. */
    listed: z.union([z.number().min(0), z.literal('never')]).optional(),
    /** None of its webhooks is ever sent. */
    isSilent: z.boolean().optional(),
  }),
  /** Does the work. The announced length, half the bytes, then the end of the connection. */
  z.strictObject({ kind: z.literal('cut-body') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
  /** Does the work at once, and answers only after so many ms: a webhook can be quicker. */
  z.strictObject({ kind: z.literal('late-answer'), ms: z.int().min(0).max(600_000) }),
] as const

/** What can become of a run; ordered for `create`, or for `train`. */
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

/** What can be wrong with what a training makes; ordered for `train`. */
const trainingFaults = [
  /** The weights inside a whole archive end in the middle. */
  z.strictObject({ kind: z.literal('truncated-weights') }),
  /** An archive that must not be unpacked as it is; see `hostileEntries`. */
  z.strictObject({ kind: z.literal('hostile-archive'), how: z.enum(HOSTILE_ARCHIVES) }),
] as const

const event = z.enum(['start', 'output', 'logs', 'completed']).optional()

/** What can happen to a webhook; each meets one delivery, of that event where one is named. */
const webhookFaults = [
  /** It is never sent, nor are its repetitions. */
  z.strictObject({ kind: z.literal('webhook-lost'), event }),
  /** So many copies, with one id. */
  z.strictObject({ kind: z.literal('webhook-copies'), event, copies: z.int().min(2).max(10) }),
  /** Sent only after so many seconds, with what was true before. */
  z.strictObject({ kind: z.literal('webhook-late'), event, seconds: z.number().positive() }),
  /** Sent only behind the next of its run, or behind the one that is named. Not for the last. */
  z.strictObject({ kind: z.literal('webhook-reordered'), event, behind: event }),
  /** Its first try is signed with another secret, or changed after it was signed, or an hour old. */
  z.strictObject({
    kind: z.literal('webhook-forged'),
    event,
    how: z.enum(['secret', 'body', 'old']),
  }),
] as const

/** What can be wrong with a file; ordered for `output`. */
const outputFaults = [
  /** Half a file under an honest length. */
  z.strictObject({ kind: z.literal('half-picture') }),
  z.strictObject({ kind: z.literal('wrong-type'), contentType: z.string().default('application/octet-stream') }),
  /** Noise under the right content type. */
  z.strictObject({ kind: z.literal('noise') }),
  z.strictObject({ kind: z.literal('wrong-size'), width: z.int().positive(), height: z.int().positive() }),
  /** Without its alpha channel, as JPEG. */
  z.strictObject({ kind: z.literal('no-alpha') }),
] as const

const faultKind = z.discriminatedUnion('kind', [
  ...requestFaults,
  ...runFaults,
  ...trainingFaults,
  ...webhookFaults,
  ...outputFaults,
])

export type ReplicateFault = z.infer<typeof faultKind>
export type WebhookFault = z.infer<(typeof webhookFaults)[number]>
export type ReplicateFaults = FaultQueue<ReplicateFault, ReplicateEndpoint>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault: faultKind,
  times: z.int().min(1).default(1),
  endpoint: z.enum(ENDPOINTS).optional(),
})

const kindsOf = (faults: readonly { shape: { kind: { value: string } } }[]): ReadonlySet<string> =>
  new Set(faults.map((fault) => fault.shape.kind.value))

const RUN_KINDS = kindsOf(runFaults)
const TRAINING_KINDS = kindsOf(trainingFaults)
const WEBHOOK_KINDS = kindsOf(webhookFaults)
const OUTPUT_KINDS = kindsOf(outputFaults)

/** The endpoint that a fault is about, whatever was ordered; what was ordered for those of any. */
export function endpointOf({
  fault,
  endpoint,
}: {
  fault: ReplicateFault
  endpoint?: ReplicateEndpoint | undefined
}): ReplicateEndpoint | undefined {
  if (RUN_KINDS.has(fault.kind)) return endpoint === 'train' ? 'train' : 'create'
  if (TRAINING_KINDS.has(fault.kind)) return 'train'
  if (WEBHOOK_KINDS.has(fault.kind)) return 'webhook'
  return OUTPUT_KINDS.has(fault.kind) ? 'output' : endpoint
}

export function isWebhookFault(fault: ReplicateFault): fault is WebhookFault {
  return WEBHOOK_KINDS.has(fault.kind)
}
