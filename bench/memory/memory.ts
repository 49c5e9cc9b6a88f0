import type { Bench } from '../bench.ts'
import { buildService } from '../bundles.ts'
import { drawPhoto } from '../photo.ts'
import { deliver, openPictureWorld, type UploadedPicture } from '../picture-world.ts'
import { startProcess } from '../process.ts'
import { median } from '../result.ts'
import { workerEnvironment } from '../worker-environment.ts'
import { watchMemory } from './peak-memory.ts'

const pictures = 40
const concurrency = 2
const size = { width: 6000, height: 4000 }
/** What a Cloud Run instance of 1 GiB has. */
const limitMiB = 1024

/** Forty 24-megapixel photos, two at once, through the bundle with local providers: are all complete, and within what memory? */
export const benchMemory: Bench = async ({ runs, note }) => {
  const count = runs ?? pictures
  // A few different ones: drawing them takes longer than processing them does.
  const photos = [await photo(1), await photo(2), await photo(3)]
  const world = await openPictureWorld()
  const env = { ...workerEnvironment(world), IMAGE_CONCURRENCY: String(concurrency) }
  const worker = await startProcess(await buildService('image-worker'), env, '/health/ready')
  try {
    const memory = watchMemory(worker.pid)
    const uploads: UploadedPicture[] = []
    for (let index = 0; index < count; index++) {
      const picture = photos[index % photos.length]
      if (picture) uploads.push(await world.upload(picture, 'image/jpeg'))
    }
    const began = performance.now()
    const times: number[] = []
    await inParallel(concurrency, uploads, async ({ event }) => {
      const started = performance.now()
      await deliver(worker.url, event)
      times.push((performance.now() - started) / 1000)
    })
    const seconds = (performance.now() - began) / 1000
    const peakMiB = memory.stop()
    const outcomes = await Promise.all(uploads.map((upload) => upload.outcome()))
    const complete = outcomes.filter(({ status, sizeBytes }) => status === 'complete' && sizeBytes > 0).length
    const outputMiB = median(outcomes.map(({ sizeBytes }) => sizeBytes / 1024 / 1024))
    note(`${complete} of ${count} complete in ${seconds.toFixed(0)} s, ${outputMiB.toFixed(1)} MiB of PNG each`)
    const common = { runs: count, baseline: null, ratio: null, baselineName: '' }
    return [
      {
        ...common,
        name: 'memory/peak-rss',
        ours: peakMiB,
        baseline: limitMiB,
        baselineName: 'limit',
        unit: 'MiB',
        ratio: peakMiB / limitMiB,
      },
      {
        ...common,
        name: 'memory/complete',
        ours: complete,
        baseline: count,
        baselineName: 'uploaded',
        unit: 'pictures',
        ratio: complete / count,
      },
      { ...common, name: 'memory/total-time', ours: seconds, unit: 's' },
      { ...common, name: 'memory/time-a-picture', ours: median(times), unit: 's' },
      { ...common, name: 'memory/output', ours: outputMiB, unit: 'MiB' },
    ]
  } finally {
    await worker.stop()
    await world.close()
  }
}

function photo(seed: number): Promise<Buffer> {
  return drawPhoto({ ...size, format: 'jpeg', seed })
}

async function inParallel<T>(most: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: most }, worker))
}
