import { findGoogleFirestore } from '../../tests/support/google-firestore.ts'
import type { Bench } from '../bench.ts'
import { type BenchResult, compare, median } from '../result.ts'
import { startOurs, startTheirs } from './contenders.ts'
import { type Figures, measure } from './measure.ts'

const defaultRuns = 3

const rows: [name: string, figure: keyof Figures, unit: BenchResult['unit']][] = [
  ['local/ready', 'readyMs', 'ms'],
  ['local/sets', 'setsPerSecond', 'calls/s'],
  ['local/gets', 'getsPerSecond', 'calls/s'],
  ['local/listen', 'listenMs', 'ms'],
  ['local/rss', 'rssMiB', 'MiB'],
]

/** The local document server beside Google's emulator, in turn, each time from its start. */
export const benchLocal: Bench = async ({ runs, note }) => {
  const contenders = findGoogleFirestore() === null ? [startOurs] : [startOurs, startTheirs]
  const figures: Figures[][] = contenders.map(() => [])
  for (let run = 0; run < (runs ?? defaultRuns); run++) {
    for (const [index, start] of contenders.entries()) {
      const server = await start()
      try {
        const measured = await measure(server)
        figures[index]?.push(measured)
        note(`${index === 0 ? 'ours' : "Google's"}: ${JSON.stringify(measured, shortNumbers)}`)
      } finally {
        await server.close()
      }
    }
  }
  const [ours = [], theirs] = figures
  return rows.map(([name, figure, unit]) => {
    const measured = ours.map((each) => each[figure])
    if (theirs !== undefined) {
      const baseline = theirs.map((each) => each[figure])
      return compare({ name, ours: measured, baseline, baselineName: "Google's Firestore emulator", unit })
    }
    const baselineName = 'skipped: no Firestore emulator'
    return { name, ours: median(measured), baseline: null, baselineName, unit, ratio: null, runs: measured.length }
  })
}

function shortNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(1)) : value
}
