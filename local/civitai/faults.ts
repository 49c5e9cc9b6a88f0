import { z } from 'zod'
import type { FaultQueue } from '../fault-queue.ts'

export const ENDPOINTS = ['model', 'version', 'by-hash', 'me', 'download'] as const

export type CivitaiEndpoint = (typeof ENDPOINTS)[number]

/** What can go wrong on demand at any endpoint. Nothing is counted as a download. */
const requestFaults = [
  /** Any status with `{error}`, e.g. 401, 403, 404, 410, 429, 500; with `html` a page of the edge instead. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    html: z.boolean().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    /** In place of `{error: 'Injected by the test'}`. */
    body: z.record(z.string(), z.unknown()).optional(),
  }),
  /** A page with status 200. */
  z.strictObject({ kind: z.literal('html') }),
  /** `{error}` with status 200. */
  z.strictObject({ kind: z.literal('json') }),
  /** Takes the request and never answers. */
  z.strictObject({ kind: z.literal('hang') }),
  /** Takes the request and resets the connection. */
  z.strictObject({ kind: z.literal('reset') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
  /** The head of the right answer and half of its body, then silence until the client goes. */
  z.strictObject({ kind: z.literal('stall') }),
  /** The announced length, half of the body, then the end of the connection. */
  z.strictObject({ kind: z.literal('cut-body') }),
  /** 307 to anywhere: `/login?…`, a page, another host; `''` leaves the Location out. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string() }),
] as const

/** What can be wrong with what a model or a version is said to be. */
const metadataFaults = [
  /** A SHA-256 that is another file's, in every place where it shows. */
  z.strictObject({ kind: z.literal('wrong-hash') }),
  z.strictObject({ kind: z.literal('wrong-size') }),
  /** As before the scan: no hashes, scans pending. */
  z.strictObject({ kind: z.literal('no-hashes') }),
  /** Fields missing, null, of other types, dates without a zone: all of what recorded answers have shown. */
  z.strictObject({ kind: z.literal('odd-fields') }),
] as const

const faultKind = z.discriminatedUnion('kind', [...requestFaults, ...metadataFaults])

export type CivitaiFault = z.infer<typeof faultKind>
export type CivitaiFaults = FaultQueue<CivitaiFault, CivitaiEndpoint>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault: faultKind,
  times: z.int().min(1).default(1),
  endpoint: z.enum(ENDPOINTS).optional(),
})

const METADATA_KINDS: ReadonlySet<string> = new Set(metadataFaults.map((fault) => fault.shape.kind.value))
/** A redirect has no body that could be cut. */
const BODY_KINDS: ReadonlySet<string> = new Set(['stall', 'cut-body'])

/** Whether a fault means anything at an endpoint; one that does not waits for a request that it can harm. */
export function canHarm({ kind }: CivitaiFault, endpoint: CivitaiEndpoint): boolean {
  if (METADATA_KINDS.has(kind)) return endpoint !== 'download' && endpoint !== 'me'
  return !BODY_KINDS.has(kind) || endpoint !== 'download'
}
