import type { GeneratedImage, Generation } from '#shared/documents/generations.ts'
import { AppError, TransientError } from '#shared/errors/app-error.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { resultUrl, writeResult } from '#shared/objects/result-objects.ts'
import { pickOutput } from '#shared/replicate/outputs.ts'
import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import { retry } from '#shared/retry/retry.ts'
import type { GenerationInput } from '#shared/trainings/training-jobs.ts'
import { generationPrefix } from '#shared/trainings/training-places.ts'
import type { GenerationDeps } from './generation-deps.ts'
import { failedPicture, type Picture, type PictureOutcome } from './picture.ts'
import { type PictureFile, readPictureFile } from './read-picture.ts'

/** Four megapixels that hardly compress. */
const MAX_PICTURE_BYTES = 16 * 1024 * 1024
const DOWNLOAD_BACKOFF: BackoffPolicy = { baseMs: 500, factor: 4, maxMs: 8_000, jitter: 'equal', maxAttempts: 4 }

/**
 * Copies the output of a prediction to its place in the app's bucket: Replicate keeps it for an hour. Throws what may
 * pass; what is no picture, or gone, is what became of it.
 */
export async function keepPicture(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: { generation: Generation; picture: Picture; output: unknown; predictSeconds: number | null },
): Promise<PictureOutcome> {
  const { generation, picture, predictSeconds } = params
  const url = pickOutput(params.output, 'first')
  if (url === null) return noPicture()
  try {
    const { bytes, file } = await fetchPicture(deps, run, url)
    const image = await writePicture(deps, run, { generation, picture, bytes, file })
    return { kind: 'made', image, predictSeconds }
  } catch (error) {
    run.signal.throwIfAborted()
    if (!(error instanceof AppError)) throw error
    if (error.code === notAPicture) return noPicture()
    if (error.code === 'replicate.output-gone') return pictureGone()
    if (error.code === 'replicate.bad-output') return noPicture()
    throw error
  }
}

/** The prediction has ended well, but its data was removed an hour after that. */
export function pictureGone(): PictureOutcome {
  return failedPicture('generation.output-gone', 'The picture was not fetched within the hour that Replicate keeps it.')
}

const notAPicture = 'generation.not-a-picture'

function noPicture(): PictureOutcome {
  return failedPicture('generation.bad-output', "The model's output is not a picture that can be shown.")
}

async function fetchPicture(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  url: string,
): Promise<{ bytes: Buffer; file: PictureFile }> {
  const { signal } = run
  return await retry(
    async () => {
      const { bytes } = await deps.replicate.outputs.download(url, { maxBytes: MAX_PICTURE_BYTES, signal })
      const file = readPictureFile(bytes)
      // Once more: a delivery host that cuts a file under an honest length has been seen.
      if (file === null) throw new TransientError({ code: notAPicture, message: 'The output is no whole picture.' })
      return { bytes, file }
    },
    { policy: DOWNLOAD_BACKOFF, signal, ...(deps.sleep ? { sleep: deps.sleep } : {}) },
  )
}

async function writePicture(
  deps: GenerationDeps,
  run: JobRun<GenerationInput>,
  params: { generation: Generation; picture: Picture; bytes: Buffer; file: PictureFile },
): Promise<GeneratedImage> {
  const { generation, picture, bytes, file } = params
  const target = { bucket: deps.bucket, name: `${generationPrefix(generation)}${picture.index}.${file.extension}` }
  const written = await writeResult(deps, run, {
    target,
    seenAtClaim: await deps.store.stat(target),
    contentType: file.contentType,
    render: async () => bytes,
  })
  return {
    ...picture,
    ...target,
    url: resultUrl(deps.resultUrl, written),
    generation: written.generation,
    contentType: file.contentType,
    sizeBytes: written.sizeBytes,
  }
}
