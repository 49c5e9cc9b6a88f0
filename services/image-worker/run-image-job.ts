import type { Firestore } from '@google-cloud/firestore'
import sharp from 'sharp'
import { showWorking, type WorkingStatus } from '#shared/documents/characters.ts'
import type { TransactionPart } from '#shared/documents/transaction.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { characterDeleted, readCurrentCharacter } from './current-character.ts'
import { type ImageInput, type ImageNote, imageNoteSchema } from './image-input.ts'
import { showcaseName } from './object-names.ts'
import { type NormaliseLimits, normalisePicture } from './picture/normalise.ts'
import { targetSize } from './picture/target-size.ts'
import type { BackgroundProvider, ProviderImage, UpscaleProvider } from './providers/provider.ts'
import { callProvider } from './steps/call-provider.ts'
import { type PublishDeps, publish } from './steps/publish.ts'
import { type ReadOriginalDeps, readOriginal } from './steps/read-original.ts'
import { loadPicture, type StoredPicture, storePicture } from './steps/stored-picture.ts'

export interface ImageJobDeps extends PublishDeps, ReadOriginalDeps {
  workBucket: string
  backgroundProviders: readonly BackgroundProvider[]
  upscaleProviders: readonly UpscaleProvider[]
  limits: NormaliseLimits
  upscale: { factor: number; maxSide: number }
}

/** original → cut-out → upscaled → PNG under the contract's name. A later claim goes on at the first step not stored. */
export async function runImageJob(deps: ImageJobDeps, run: JobRun<ImageInput>): Promise<void> {
  const note = imageNoteSchema.parse(run.note)
  const target = showcaseName(deps.bucket, run.input)
  try {
    const seenAtClaim = await deps.store.stat(target)
    const cutOut = await removeBackground(deps, run, note)
    const upscaled = await upscale(deps, run, note, cutOut)
    await run.commit(working(deps.db, run, note, 'finalizing'))
    const picture = await loadPicture(deps.store, upscaled)
    const png = await finalise(picture)
    const result = { width: picture.width, height: picture.height, background: cutOut.by, upscale: upscaled.by }
    await publish(deps, run, { target, seenAtClaim, note, png, result })
  } catch (error) {
    if (error instanceof CanceledError && error.code === characterDeleted) await deps.store.remove(target)
    throw error
  }
}

async function removeBackground(deps: ImageJobDeps, run: JobRun<ImageInput>, note: ImageNote): Promise<StoredPicture> {
  const step = 'remove-background'
  const work = async () => {
    const started = performance.now()
    const { image, isCutOut } = await normalisePicture(await readOriginal(deps, run.input, run.signal), deps.limits)
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
    return await storePicture(deps.store, run, { bucket: deps.workBucket, step, ...made, ms: since(started) })
  }
  return await run.step(step, work, { before: working(deps.db, run, note, 'removing-background') })
}

async function upscale(
  deps: ImageJobDeps,
  run: JobRun<ImageInput>,
  note: ImageNote,
  from: StoredPicture,
): Promise<StoredPicture> {
  const step = 'upscale'
  const work = async () => {
    const started = performance.now()
    const target = targetSize(from, deps.upscale)
    if (target.width === from.width && target.height === from.height) return { ...from, by: 'not-needed', ms: 0 }
    const image = await loadPicture(deps.store, from)
    const made = await callProvider(
      run,
      step,
      deps.upscaleProviders.map((provider) => ({
        name: provider.name,
        paid: provider.paid,
        call: (call) => provider.upscale(image, target, call),
      })),
    )
    return await storePicture(deps.store, run, { bucket: deps.workBucket, step, ...made, ms: since(started) })
  }
  return await run.step(step, work, { before: working(deps.db, run, note, 'upscaling') })
}

/** Shows the status, unless the character is no longer what it was at admission. */
function working(db: Firestore, run: JobRun<ImageInput>, note: ImageNote, status: WorkingStatus): TransactionPart {
  return async (transaction) => {
    const character = await readCurrentCharacter(transaction, db, { input: run.input, note })
    return showWorking(db, character.id, { status, jobId: run.id })
  }
}

/** PNG whatever the provider answered with, and nothing in it but pixels. */
async function finalise(picture: ProviderImage): Promise<Buffer> {
  return await sharp(picture.bytes).toColourspace('srgb').png({ compressionLevel: 6 }).toBuffer()
}

function since(started: number): number {
  return Math.round(performance.now() - started)
}
