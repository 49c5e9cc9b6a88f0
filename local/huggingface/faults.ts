import { z } from 'zod'
import type { FaultQueue } from '../fault-queue.ts'
import { requestFaults } from '../stand-in-answer.ts'

export const ENDPOINTS = ['models', 'model', 'tree', 'paths-info', 'resolve', 'resolve-cache', 'raw', 'whoami'] as const

export type HuggingFaceEndpoint = (typeof ENDPOINTS)[number]

/** What can be wrong with a model's object; ordered for `model`. */
const modelFaults = [
  /** Right after this answer `main` moves to a commit that has but one file, `moved.safetensors`. */
  z.strictObject({ kind: z.literal('branch-moves') }),
  /** Fields missing, null and of other types. */
  z.strictObject({ kind: z.literal('odd-fields') }),
] as const

/** What can be wrong with a page of a tree, or of the list of models. */
const treeFaults = [
  /** At most so many entries a page, whatever was asked for. Meets each request that it is ordered for. */
  z.strictObject({ kind: z.literal('small-pages'), entries: z.int().min(1) }),
  /** The next page is said to be at another origin. */
  z.strictObject({ kind: z.literal('foreign-next-page'), origin: z.string() }),
  /** The next page is this one. */
  z.strictObject({ kind: z.literal('circular-pages') }),
  /** One more file, of this name: `../../x`. */
  z.strictObject({ kind: z.literal('extra-path'), path: z.string() }),
] as const

/** What can be wrong with the first answer about a file; ordered for `resolve`. */
const resolveFaults = [
  /** Another file's SHA-256, or SHA-1, in `X-Linked-Etag`. */
  z.strictObject({ kind: z.literal('wrong-etag') }),
  /** One byte more in `X-Linked-Size`. */
  z.strictObject({ kind: z.literal('wrong-size') }),
  z.strictObject({ kind: z.literal('wrong-commit') }),
  /** A redirect without `X-Linked-*`, `X-Repo-Commit` and ETag. */
  z.strictObject({ kind: z.literal('bare-redirect') }),
  /** To anywhere; `''` leaves the Location out. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string() }),
  /** The pointer's text in place of the file, with its own size. */
  z.strictObject({ kind: z.literal('pointer') }),
] as const

const faultKind = z.discriminatedUnion('kind', [...requestFaults, ...modelFaults, ...treeFaults, ...resolveFaults])

export type HuggingFaceFault = z.infer<typeof faultKind>
export type HuggingFaceFaults = FaultQueue<HuggingFaceFault, HuggingFaceEndpoint>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault: faultKind,
  times: z.int().min(1).default(1),
  endpoint: z.enum(ENDPOINTS).optional(),
})

const ENDPOINT_OF = new Map<string, HuggingFaceEndpoint>([
  ...modelFaults.map((fault) => [fault.shape.kind.value, 'model'] as const),
  ['extra-path', 'tree'],
  ...resolveFaults.map((fault) => [fault.shape.kind.value, 'resolve'] as const),
])

const PAGE_KINDS: ReadonlySet<string> = new Set(['small-pages', 'foreign-next-page', 'circular-pages'])

/** Whether a fault means anything at an endpoint; one that does not waits for a request that it can harm. */
export function canHarm(fault: HuggingFaceFault, endpoint: HuggingFaceEndpoint): boolean {
  if (PAGE_KINDS.has(fault.kind)) return endpoint === 'tree' || endpoint === 'models'
  return (ENDPOINT_OF.get(fault.kind) ?? endpoint) === endpoint
}
