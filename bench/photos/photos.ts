import type { Bench } from '../bench.ts'
import { buildProgram } from '../bundles.ts'
import { compare } from '../result.ts'
import { makePhotos } from './make-photos.ts'
import { type PhotoRun, runOver } from './photo-run.ts'

const defaultRuns = 5
const count = 40
/** Leaves an instance of 512 MiB room for what else it does. */
const limitMiB = 400

/** A training archive of forty 12-megapixel photos, beside sharp's own calls alone: time, and within what memory? */
export const benchPhotos: Bench = async ({ runs, note }) => {
  const folder = await makePhotos(count)
  const programs = {
    ours: await buildProgram(new URL('./zip-photos.ts', import.meta.url)),
    sharp: await buildProgram(new URL('./plain-sharp.ts', import.meta.url)),
  }
  const took: Record<keyof typeof programs, PhotoRun[]> = { ours: [], sharp: [] }
  const total = runs ?? defaultRuns
  for (let run = 1; run <= total; run++) {
    // Who comes first changes, so that neither always finds the photos in the page cache or the processor hot.
    const order = run % 2 === 1 ? (['ours', 'sharp'] as const) : (['sharp', 'ours'] as const)
    for (const name of order) {
      const measured = await runOver(programs[name], folder)
      took[name].push(measured)
      const mib = (measured.outputBytes / 1024 / 1024).toFixed(1)
      const peak = measured.peakMiB === null ? 'unknown' : `${measured.peakMiB.toFixed(0)} MiB`
      note(`${run}/${total} ${name}: ${measured.seconds.toFixed(2)} s, peak ${peak}, ${mib} MiB made`)
    }
  }
  const peakMiB = Math.max(...took.ours.map((run) => run.peakMiB ?? Number.NaN))
  return [
    compare({
      name: 'photos/zip-40x12mp',
      ours: took.ours.map(({ seconds }) => seconds),
      baseline: took.sharp.map(({ seconds }) => seconds),
      baselineName: 'sharp alone',
      unit: 's',
    }),
    {
      name: 'photos/peak-rss',
      ours: peakMiB,
      baseline: limitMiB,
      baselineName: 'limit',
      unit: 'MiB',
      ratio: peakMiB / limitMiB,
      runs: total,
    },
  ]
}
