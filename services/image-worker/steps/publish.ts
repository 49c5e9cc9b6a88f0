import { randomUUID } from 'node:crypto'
import type { Firestore } from '@google-cloud/firestore'
import { showComplete } from '#shared/documents/characters.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import {
  GenerationChangedError,
  type ObjectFacts,
  type ObjectName,
  type ObjectStore,
} from '#shared/objects/object-store.ts'
import { publicUrl, tokenUrl } from '#shared/objects/object-url.ts'
import { readCurrentCharacter } from '../current-character.ts'
import type { ImageInput, ImageNote } from '../image-input.ts'

export interface PublishDeps {
  db: Firestore
  store: ObjectStore
  resultUrl: { kind: 'token' | 'public'; host: string }
}

/** Provenance in the object's metadata: which job made it. Tells our own lost write from somebody else's. */
const jobMetadata = 'forgeJob'
const sourceMetadata = 'forgeSource'
/** Where Firebase keeps the tokens of its download URLs. */
const tokenMetadata = 'firebaseStorageDownloadTokens'
const yearSeconds = 31_536_000
/** Each round lost means that another job wrote; this many in a row mean that something is wrong. */
const writeRounds = 5

/**
 * Makes the result visible: the object, under the generation seen at claim, then the document in one transaction that
 * checks fence, run slot, owner and main image. If the document says no, the object goes again.
 */
export async function publish(
  deps: PublishDeps,
  run: JobRun<ImageInput>,
  params: {
    target: ObjectName
    seenAtClaim: ObjectFacts | null
    note: ImageNote
    png: Buffer
    result: Record<string, unknown>
  },
): Promise<string> {
  const { target, note } = params
  const written = await writeResult(deps, run, params)
  const url = resultUrl(deps.resultUrl, written)
  try {
    await run.complete({ ...params.result, url, generation: written.generation }, async (transaction) => {
      const character = await readCurrentCharacter(transaction, deps.db, { input: run.input, note })
      return showComplete(deps.db, character.id, { url, jobId: run.id })
    })
  } catch (error) {
    // Only what nobody was shown is removed: a canceled job's, and only while it is still the one that lies there.
    if (error instanceof CanceledError) await deps.store.remove(target, written.generation)
    throw error
  }
  return url
}

async function writeResult(
  deps: PublishDeps,
  run: JobRun<ImageInput>,
  params: { target: ObjectName; seenAtClaim: ObjectFacts | null; png: Buffer },
): Promise<ObjectFacts> {
  let seen = params.seenAtClaim
  for (let round = 1; ; round++) {
    // An earlier claim of this very job may have come as far as this.
    if (seen?.metadata[jobMetadata] === run.id) return seen
    try {
      return await deps.store.write({
        ...params.target,
        bytes: params.png,
        contentType: 'image/png',
        ifGeneration: seen?.generation ?? '0',
        cacheControl: `public, max-age=${yearSeconds}`,
        publicAcl: deps.resultUrl.kind === 'public',
        metadata: {
          [jobMetadata]: run.id,
          [sourceMetadata]: run.key,
          ...(deps.resultUrl.kind === 'token' ? { [tokenMetadata]: randomUUID() } : {}),
        },
      })
    } catch (error) {
      if (!(error instanceof GenerationChangedError) || round === writeRounds) throw error
      // Look first, then ask whether we are still the current job: whoever writes after the look makes the next
      // write fail again, so a stalled instance that wakes up here overwrites nothing.
      seen = await deps.store.stat(params.target)
      await run.renew()
    }
  }
}

function resultUrl(rule: PublishDeps['resultUrl'], written: ObjectFacts): string {
  const { generation } = written
  if (rule.kind === 'public') return publicUrl({ host: rule.host, object: written, generation })
  return tokenUrl({ host: rule.host, object: written, token: written.metadata[tokenMetadata] ?? '', generation })
}
