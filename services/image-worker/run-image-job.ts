import type { Firestore } from '@google-cloud/firestore'
import { showWorking, type WorkingStatus } from '#shared/documents/characters.ts'
import type { TransactionPart } from '#shared/documents/transaction.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { MalwareScanner } from '#shared/malware/malware-scanner.ts'
import { characterDeleted, readCurrentCharacter } from './current-character.ts'
import { type ImageInput, type ImageNote, imageNoteSchema } from './image-input.ts'
import { type NormaliseLimits, normalisePicture } from './picture/normalise.ts'
import { isLargeEnough, targetSize } from './picture/target-size.ts'
import { trimToSubject } from './picture/trim.ts'
import type { VariantRule } from './picture/variants.ts'
import type { BackgroundProvider, ProviderImage, UpscaleProvider } from './providers/provider.ts'
import { callProvider } from './steps/call-provider.ts'
import {
  lookAtOutputs,
  type OutputPlaces,
  outputsOf,
  removeAllOutputs,
  takeBackOutputs,
} from './steps/output-places.ts'
import { type PublishDeps, publish } from './steps/publish.ts'
import { type ReadOriginalDeps, readOriginal } from './steps/read-original.ts'
import { type ScanRecord, scanOriginal } from './steps/scan-original.ts'
import { loadPicture, type StoredPicture, storePicture } from './steps/stored-picture.ts'

export interface ImageJobDeps extends PublishDeps, ReadOriginalDeps {
  workBucket: string
  backgroundProviders: readonly BackgroundProvider[]
  upscaleProviders: readonly UpscaleProvider[]
  limits: NormaliseLimits
  upscale: { factor: number; maxSide: number }
  /** Null where nothing is scanned. */
  scanner: MalwareScanner | null
  /** Room around a trimmed subject, as a share of its longer side; null where nothing is trimmed. */
  trimMarginShare: number | null
  variants: VariantRule
}

/** The cut-out, and what the scanner said of the picture that it was made of. */
type CutOut = StoredPicture & { scan: ScanRecord | null }

/**
 * What this run itself has just stored need not be read back for the next step; a later claim's run has nothing here. The
 * enlarged picture is only kept where it cost nothing: a paid one is published as it was stored, so that the run that
 * paid for it and a later claim publish the same bytes.
 */
interface AtHand {
  cutOut: ProviderImage | null
  enlarged: ProviderImage | null
}

/** original → cut-out → upscaled → PNG under the contract's name. A later claim goes on at the first step not stored. */
export async function runImageJob(deps: ImageJobDeps, run: JobRun<ImageInput>): Promise<void> {
  const { bucket, store } = deps
  const note = imageNoteSchema.parse(run.note)
  let places: OutputPlaces | null = null
  try {
    places = await lookAtOutputs(store, { bucket, input: run.input, rule: deps.variants })
    const atHand: AtHand = { cutOut: null, enlarged: null }
    const cutOut = await removeBackground(deps, run, note, atHand)
    const upscaled = await upscale(deps, run, { note, from: cutOut, atHand })
    await run.commit(working(deps.db, run, note, 'finalizing'))
    const { bytes, width, height } = atHand.enlarged ?? (await loadPicture(store, upscaled))
    const result = { width, height, background: cutOut.by, upscale: upscaled.by, scan: cutOut.scan ?? null }
    await publish(deps, run, { outputs: outputsOf(bytes, places), note, result })
  } catch (error) {
    if (error instanceof CanceledError) {
      await takeBackOutputs(store, run, places)
      if (error.code === characterDeleted) await removeAllOutputs(store, bucket, run.input)
    }
    throw error
  }
}

async function removeBackground(
  deps: ImageJobDeps,
  run: JobRun<ImageInput>,
  note: ImageNote,
  atHand: AtHand,
): Promise<CutOut> {
  const step = 'remove-background'
  const work = async () => {
    const started = performance.now()
    const original = await readOriginal(deps, run.input, run.signal)
    const scan = await scanOriginal(deps.scanner, original, run.signal)
    const { image, isCutOut } = await normalisePicture(original, deps.limits)
    const made = isCutOut
      ? { image, by: 'not-needed' }
      : await callProvider(
          run,
          step,
          deps.backgroundProviders.map((provider) => ({
            name: provider.name,
            paid: provider.paid,
            call: (call) => provider.removeBackground(image, call),
          })),
        )
    const stored = await storePicture(deps.store, run, { bucket: deps.workBucket, step, ...made, ms: since(started) })
    atHand.cutOut = made.image
    return { ...stored, scan }
  }
  return await run.step(step, work, { before: working(deps.db, run, note, 'removing-background') })
}

async function upscale(
  deps: ImageJobDeps,
  run: JobRun<ImageInput>,
  params: { note: ImageNote; from: StoredPicture; atHand: AtHand },
): Promise<StoredPicture> {
  const step = 'upscale'
  const { note, from, atHand } = params
  const work = async () => {
    const started = performance.now()
    if (deps.trimMarginShare === null && isLargeEnough(from, deps.upscale)) return { ...from, by: 'not-needed', ms: 0 }
    const image = await trimmed(deps, atHand.cutOut ?? (await loadPicture(deps.store, from)))
    atHand.cutOut = null
    const target = targetSize(image, deps.upscale)
    const made = isLargeEnough(image, deps.upscale)
      ? { image, by: 'not-needed' }
      : await callProvider(
          run,
          step,
          deps.upscaleProviders.map((provider) => ({
            name: provider.name,
            paid: provider.paid,
            call: (call) => provider.upscale(image, target, call),
          })),
        )
    const isPaid = deps.upscaleProviders.some((provider) => provider.name === made.by && provider.paid)
    if (!isPaid) atHand.enlarged = made.image
    return await storePicture(deps.store, run, { bucket: deps.workBucket, step, ...made, ms: since(started) })
  }
  return await run.step(step, work, { before: working(deps.db, run, note, 'upscaling') })
}

/**
 * Shows the status, unless the character is no longer what it was at admission. Where Firestore refuses it the job ends, before
 * its next paid call: a document without room for a status has none for the URL of the result.
 */
function working(db: Firestore, run: JobRun<ImageInput>, note: ImageNote, status: WorkingStatus): TransactionPart {
  return async (transaction) => {
    const character = await readCurrentCharacter(transaction, db, { input: run.input, note })
    return showWorking(db, character.id, { status, jobId: run.id })
  }
}

async function trimmed(deps: ImageJobDeps, image: ProviderImage): Promise<ProviderImage> {
  return deps.trimMarginShare === null ? image : await trimToSubject(image, deps.trimMarginShare)
}

function since(started: number): number {
  return Math.round(performance.now() - started)
}
