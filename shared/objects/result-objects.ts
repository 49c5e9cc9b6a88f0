import { randomUUID } from 'node:crypto'
import type { Config } from '#shared/config/environment.ts'
import { GenerationChangedError, type ObjectFacts, type ObjectName, type ObjectStore } from './object-store.ts'
import { publicUrl, tokenUrl } from './object-url.ts'

/** How people reach the results. */
export interface ResultUrlRule {
  kind: 'token' | 'public'
  host: string
}

/** Who writes: a claimed job. */
export interface ResultWriter {
  id: string
  key: string
  /** Throws where the job is no longer ours, or no longer the current one. */
  renew(): Promise<void>
}

export interface ResultDeps {
  store: ObjectStore
  resultUrl: ResultUrlRule
}

/** One object that people will see. */
export interface ResultObject {
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

/** Where result URLs lead when the operator names no host. */
const resultHosts = {
  token: 'https://firebasestorage.googleapis.com',
  public: 'https://storage.googleapis.com',
} as const

/** The rule that the configuration names. */
export function resultUrlRule(
  config: Pick<Config<'image-worker'>, 'RESULT_URL' | 'PUBLIC_URL_HOST' | 'STORAGE_EMULATOR_HOST'>,
): ResultUrlRule {
  const kind = config.RESULT_URL
  return { kind, host: config.PUBLIC_URL_HOST ?? config.STORAGE_EMULATOR_HOST ?? resultHosts[kind] }
}

/** Whether an object was written by an earlier claim of this very job. */
export function isOwnResult(writer: Pick<ResultWriter, 'id'>, seen: ObjectFacts): boolean {
  return seen.metadata[jobMetadata] === writer.id
}

/** Writes a result over what was seen at claim, or adopts what an earlier claim of this job wrote. */
export async function writeResult(deps: ResultDeps, writer: ResultWriter, result: ResultObject): Promise<ObjectFacts> {
  let seen = result.seenAtClaim
  let bytes: Buffer | null = null
  for (let round = 1; ; round++) {
    // An earlier claim of this very job may have come as far as this.
    if (seen && isOwnResult(writer, seen)) return seen
    bytes ??= await result.render()
    try {
      return await deps.store.write({
        ...result.target,
        bytes,
        contentType: result.contentType,
        ifGeneration: seen?.generation ?? '0',
        cacheControl: `public, max-age=${yearSeconds}`,
        publicAcl: deps.resultUrl.kind === 'public',
        metadata: {
          [jobMetadata]: writer.id,
          [sourceMetadata]: writer.key,
          ...(deps.resultUrl.kind === 'token' ? { [tokenMetadata]: randomUUID() } : {}),
        },
      })
    } catch (error) {
      if (!(error instanceof GenerationChangedError) || round === writeRounds) throw error
      // Look first, then ask whether we are still the current job: whoever writes after the look makes the next
      // write fail again, so a stalled instance that wakes up here overwrites nothing.
      seen = await deps.store.stat(result.target)
      await writer.renew()
    }
  }
}

/** Removes results that nobody was shown, each only while it is still the one that lies there. */
export async function removeResults(store: ObjectStore, results: readonly ObjectFacts[]): Promise<void> {
  for (const result of results) await store.remove(result, result.generation)
}

/** Where a browser finds a result. */
export function resultUrl(rule: ResultUrlRule, written: ObjectFacts): string {
  const { generation } = written
  if (rule.kind === 'public') return publicUrl({ host: rule.host, object: written, generation })
  return tokenUrl({ host: rule.host, object: written, token: written.metadata[tokenMetadata] ?? '', generation })
}
