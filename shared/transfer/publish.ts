import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { besideObjectName } from '#shared/formats/object-name.ts'
import { GenerationChangedError, type ObjectFacts, type ObjectStore } from '#shared/objects/object-store.ts'
import type { VerifiedParts } from './copy-file.ts'
import { crc32cOf } from './verify-parts.ts'

/** The service's limit for one compose. */
export const MAX_COMPOSE_SOURCES = 32

export interface PublishParams {
  verified: VerifiedParts
  objects: ObjectStore
  bucket: string
  /** Where the parts lie, and the groups of them that a large file needs; ends in a slash. */
  prefix: string
  name: string
  contentType: string
  /** `sha256` is added: by it the object is known again. */
  metadata: Record<string, string>
  /** Of the object, for the bucket's lifecycle. */
  customTime?: Date
  /** Whether `-{sha8}` may be added to a name that other bytes have; a file of a folder must keep its own. Default true. */
  mayBeRenamed?: boolean
}

/** Something to be joined. */
interface Piece {
  name: string
  generation: string
  sizeBytes: number
  crc32c: string
}

/**
 * Puts verified parts together under their final name, in one step that nobody sees half of. Where the name is taken by the
 * same bytes, those are adopted; by others, `-{sha8}` is added to the name if it may. Call it again after a crash at any line: there is
 * one object in the end.
 * @throws FinalError `transfer.name-taken`; TransientError.
 */
export async function publishParts(params: PublishParams): Promise<ObjectFacts> {
  const { name, mayBeRenamed = true } = params
  const { sha256 } = params.verified
  // A name with the whole hash is the last resort: two files whose hashes begin alike.
  const others = mayBeRenamed ? [besideObjectName(name, sha256.slice(0, 8)), besideObjectName(name, sha256)] : []
  for (const candidate of [name, ...others]) {
    const published = await publishAs(params, candidate)
    if (published !== null) return published
  }
  throw new FinalError({
    code: 'transfer.name-taken',
    message: `Another file has the name ${name} already${mayBeRenamed ? ', and every one that could be given instead' : ''}.`,
    facts: { name },
  })
}

/** @returns null where the name is taken by other bytes. */
async function publishAs(params: PublishParams, name: string): Promise<ObjectFacts | null> {
  const { verified, objects, bucket, contentType, metadata, customTime } = params
  const target = { bucket, name }
  // First a look: after a crash the parts may be gone while the object is there.
  const existing = await objects.stat(target)
  if (existing !== null) return isSame(existing, verified) ? existing : null
  const sources = await joinGroups(params)
  try {
    const facts = await objects.compose({
      ...target,
      sources,
      contentType,
      metadata: { ...metadata, sha256: verified.sha256 },
      ...(customTime ? { customTime } : {}),
      ifGeneration: '0',
    })
    if (isSame(facts, verified)) return facts
    await objects.remove(target, facts.generation)
    throw composedWrong(facts)
  } catch (error) {
    if (!(error instanceof GenerationChangedError)) throw error
    // Somebody else's, or our own whose answer was lost.
    const winner = await objects.stat(target)
    if (winner === null) throw composedWrong({ name })
    return isSame(winner, verified) ? winner : null
  }
}

/** Up to 32 pieces that make the whole: the parts themselves, or groups of 32 of them. */
async function joinGroups(params: PublishParams): Promise<Piece[]> {
  const { parts } = params.verified
  if (parts.length <= MAX_COMPOSE_SOURCES) return parts
  const groups: Piece[] = []
  for (let first = 0; first < parts.length; first += MAX_COMPOSE_SOURCES) {
    groups.push(await joinGroup(params, groups.length, parts.slice(first, first + MAX_COMPOSE_SOURCES)))
  }
  return groups
}

async function joinGroup(params: PublishParams, number: number, members: readonly Piece[]): Promise<Piece> {
  const { objects, bucket, prefix, contentType } = params
  const target = { bucket, name: `${prefix}group-${String(number).padStart(2, '0')}` }
  const expected = { crc32c: crc32cOf(members), sizeBytes: members.reduce((sum, part) => sum + part.sizeBytes, 0) }
  let facts: ObjectFacts | null
  try {
    facts = await objects.compose({ ...target, sources: members, contentType, ifGeneration: '0' })
  } catch (error) {
    if (!(error instanceof GenerationChangedError)) throw error
    facts = await objects.stat(target)
  }
  if (facts?.crc32c === expected.crc32c && facts.sizeBytes === expected.sizeBytes) {
    return { ...expected, name: target.name, generation: facts.generation }
  }
  // Of an earlier copy that was thrown away.
  if (facts !== null) await objects.remove(target, facts.generation)
  throw composedWrong({ name: target.name })
}

function isSame(facts: ObjectFacts, verified: VerifiedParts): boolean {
  return (
    facts.metadata.sha256 === verified.sha256 &&
    facts.sizeBytes === verified.sizeBytes &&
    facts.crc32c === verified.crc32c
  )
}

function composedWrong(facts: { name: string; crc32c?: string | null; sizeBytes?: number }): TransientError {
  return new TransientError({
    code: 'transfer.compose-failed',
    message: 'Cloud Storage put the parts together to something else than they are; it will be tried again.',
    facts: { name: facts.name, crc32c: facts.crc32c ?? null, sizeBytes: facts.sizeBytes ?? null },
  })
}
