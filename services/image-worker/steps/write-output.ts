import { randomUUID } from 'node:crypto'
import type { JobRun } from '#shared/jobs/job-run.ts'
import {
  GenerationChangedError,
  type ObjectFacts,
  type ObjectName,
  type ObjectStore,
} from '#shared/objects/object-store.ts'
import { publicUrl, tokenUrl } from '#shared/objects/object-url.ts'
import type { ImageInput } from '../image-input.ts'

export interface OutputDeps {
  store: ObjectStore
  resultUrl: { kind: 'token' | 'public'; host: string }
}

/** One object that people will see. */
export interface Output {
  target: ObjectName
  /** What lay there when the job was claimed. */
  seenAtClaim: ObjectFacts | null
  contentType: `image/${string}`
  /** Called only if the object has to be written. */
  render(): Promise<Buffer>
}

/** Provenance in the object's metadata: which job made it. Tells our own lost write from somebody else's. */
const jobMetadata = 'forgeJob'
const sourceMetadata = 'forgeSource'
/** Where Firebase keeps the tokens of its download URLs. */
const tokenMetadata = 'firebaseStorageDownloadTokens'
const yearSeconds = 31_536_000
/** Each round lost means that another job wrote; this many in a row mean that something is wrong. */
const writeRounds = 5

/** Whether an object was written by an earlier claim of this very job. */
export function isOwnOutput(run: JobRun<ImageInput>, seen: ObjectFacts): boolean {
  return seen.metadata[jobMetadata] === run.id
}

/** Writes an output over what was seen at claim, or adopts what an earlier claim of this job wrote. */
export async function writeOutput(deps: OutputDeps, run: JobRun<ImageInput>, output: Output): Promise<ObjectFacts> {
  let seen = output.seenAtClaim
  let bytes: Buffer | null = null
  for (let round = 1; ; round++) {
    // An earlier claim of this very job may have come as far as this.
    if (seen && isOwnOutput(run, seen)) return seen
    bytes ??= await output.render()
    try {
      return await deps.store.write({
        ...output.target,
        bytes,
        contentType: output.contentType,
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
      seen = await deps.store.stat(output.target)
      await run.renew()
    }
  }
}

/** Removes outputs that nobody was shown, each only while it is still the one that lies there. */
export async function removeOutputs(store: ObjectStore, outputs: readonly ObjectFacts[]): Promise<void> {
  for (const output of outputs) await store.remove(output, output.generation)
}

/** Where a browser finds an output. */
export function outputUrl(rule: OutputDeps['resultUrl'], written: ObjectFacts): string {
  const { generation } = written
  if (rule.kind === 'public') return publicUrl({ host: rule.host, object: written, generation })
  return tokenUrl({ host: rule.host, object: written, token: written.metadata[tokenMetadata] ?? '', generation })
}
