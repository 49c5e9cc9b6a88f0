import { z } from 'zod'
import type { FaultQueue } from '../fault-queue.ts'
import { requestFaults } from '../stand-in-answer.ts'

export const ENDPOINTS = ['models', 'model', 'version', 'by-hash', 'me', 'download'] as const

export type CivitaiEndpoint = (typeof ENDPOINTS)[number]

/** 307 to anywhere: `/login?…`, a page, another host; `''` leaves the Location out. Like all others it counts no download. */
const redirect = z.strictObject({ kind: z.literal('redirect'), location: z.string() })

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

/** An empty page of the list, its cursor as it would have been; ordered for `models`. */
const emptyPage = z.strictObject({ kind: z.literal('empty-page') })

const faultKind = z.discriminatedUnion('kind', [...requestFaults, redirect, emptyPage, ...metadataFaults])

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
  if (kind === 'empty-page') return endpoint === 'models'
  if (METADATA_KINDS.has(kind)) return endpoint !== 'download' && endpoint !== 'me'
  return !BODY_KINDS.has(kind) || endpoint !== 'download'
}
