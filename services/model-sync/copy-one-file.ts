import type { ModelFacts } from '#shared/documents/models.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { checkModelStart } from '#shared/formats/check-model-start.ts'
import { fileKindOf } from '#shared/formats/file-kind.ts'
import type { ModelFormat } from '#shared/formats/model-format.ts'
import { readSafetensorsHeader } from '#shared/formats/safetensors.ts'
import { safetensorsFacts } from '#shared/formats/safetensors-facts.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { GenerationChangedError, type ObjectFacts, type ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import { copyFile, type VerifiedParts } from '#shared/transfer/copy-file.ts'
import { PartStore } from '#shared/transfer/part-store.ts'
import { publishParts } from '#shared/transfer/publish.ts'
import { readParts } from '#shared/transfer/read-parts.ts'
import type { LocateFile, SourceFile } from '#shared/transfer/source-file.ts'
import { transferPlanSchema } from '#shared/transfer/transfer-plan.ts'
import type { TransferProgress } from '#shared/transfer/transfer-progress.ts'
import type { CopyRoom } from './cache/copy-room.ts'
import { type CopyInput, copyWorkPrefix } from './copy-input.ts'
import { publishedName } from './published-names.ts'

export interface CopyFileDeps {
  store: ObjectStore
  streams: ObjectStreams
  bucket: string
  webFor(file: SourceFile): HttpClient
  locate(file: SourceFile): LocateFile
  options: { minPartBytes: number; maxLanes: number; stallMs: number; maxBytes: number; allowPickle: boolean }
  now: () => Date
}

/** A file that lies at its final place. Plain JSON: the result of a step. */
export interface CopiedFile {
  path: string
  name: string
  generation: string
  sizeBytes: number
  sha256: string
  facts: ModelFacts
  /** Another copy had put it there: it may be counted already. */
  isAdopted?: boolean
}

/** Copies one file of the job into parts, verifies what was stored, and makes the object of them; once for the life of the job. */
export async function copyOneFile(
  deps: CopyFileDeps,
  run: JobRun<CopyInput>,
  params: {
    index: number
    room: Pick<CopyRoom, 'learn' | 'grow'>
    signal: AbortSignal
    onProgress(progress: TransferProgress): void
  },
): Promise<CopiedFile> {
  const { index, room, signal, onProgress } = params
  const { input } = run
  const file = input.files[index] as SourceFile // The caller counts by the same list.
  const planName = `plan-${index}`
  const parts = new PartStore({
    objects: deps.store,
    streams: deps.streams,
    bucket: deps.bucket,
    prefix: `${copyWorkPrefix(run.id)}${index}/`,
    beforeWrite: (partIndex) => room.grow(index, partIndex),
  })
  const copied = await run.step(`file-${index}`, async () => {
    const storedPlan = run.stored<unknown>(planName)
    await countParts(run, parts, index)
    let format: ModelFormat = 'unknown'
    const verified = await copyFile({
      file,
      locate: deps.locate(file),
      web: deps.webFor(file),
      parts,
      plan: storedPlan === null ? null : transferPlanSchema.parse(storedPlan),
      async storePlan(plan) {
        await room.learn(index, plan.layout)
        await run.keep(planName, plan)
      },
      options: deps.options,
      checkStart(head, sizeBytes) {
        const kind = input.layout === 'file' ? 'weights' : (fileKindOf(file.path) ?? 'companion')
        format = checkModelStart(head, { path: file.path, sizeBytes, kind }, deps.options)
      },
      onProgress,
      signal,
    })
    const facts = await factsOf(verified, { parts, format, signal })
    const published = await publishParts({
      verified,
      objects: deps.store,
      bucket: deps.bucket,
      prefix: parts.prefix,
      name: publishedName(input, { path: file.path, format }),
      contentType: 'application/octet-stream',
      metadata: { copyJobId: run.id },
      customTime: deps.now(),
      // A folder's loaders look for each file by its name; only a single file may get another.
      mayBeRenamed: input.layout === 'file',
    })
    const isAdopted = await adopt(deps.store, published, run.id)
    const { sizeBytes, sha256 } = verified
    const { name, generation } = published
    return { path: file.path, name, generation, sizeBytes, sha256, facts, isAdopted }
  })
  // Only now: until the step is stored they are what a later claim goes on with.
  await parts.removeAll()
  return copied
}

/**
 * Puts our name on an object that another copy has made, so that its clean-up leaves it alone, or we learn that it was first.
 * @returns false where it is ours already.
 */
async function adopt(store: ObjectStore, object: ObjectFacts, copyJobId: string): Promise<boolean> {
  if (object.metadata.copyJobId === copyJobId) return false
  try {
    await store.relabel(object, { copyJobId })
    return true
  } catch (error) {
    if (!(error instanceof GenerationChangedError)) throw error
    const message = 'The file that lay there already was removed in this moment; it is put together anew.'
    throw new TransientError({ code: 'sync.file-gone', message, cause: error })
  }
}

/**
 * Tells the job of parts that were stored since anybody looked: progress that an instance made before it died. Without it a
 * file that takes longer than a few instances live would count as one that never gets anywhere.
 */
async function countParts(run: JobRun<CopyInput>, parts: PartStore, index: number): Promise<void> {
  const name = `parts-${index}`
  const { length } = await parts.list()
  if (length > (run.stored<number>(name) ?? 0)) await run.keep(name, length)
}

/** What the file says of itself. @throws FinalError `safetensors.lying-header` for one that contradicts its own length. */
async function factsOf(
  verified: VerifiedParts,
  file: { parts: PartStore; format: ModelFormat; signal: AbortSignal },
): Promise<ModelFacts> {
  const { format, parts, signal } = file
  if (format !== 'safetensors') {
    return { baseModel: null, triggerWords: [], format, dtype: null, parameterCount: null }
  }
  const header = await readSafetensorsHeader({
    sizeBytes: verified.sizeBytes,
    read: readParts({ store: parts, parts: verified.parts, signal }),
  })
  const { baseModelHint, triggerWords, dtype, parameterCount, recommendedWeight } = safetensorsFacts(header)
  return { baseModel: baseModelHint, triggerWords: [...triggerWords], format, dtype, parameterCount, recommendedWeight }
}
