import type { Shape } from '#local/file-host/lanes.ts'
import type { Bench, BenchOptions } from '../bench.ts'
import { watchMemory } from '../memory/peak-memory.ts'
import { type BenchResult, compare } from '../result.ts'
import { type Contender, openContenders } from './contenders.ts'
import { copyInTurn } from './in-turn.ts'
import { fitToDisk } from './room.ts'
import { openSyncWorld, type SyncWorld } from './sync-world.ts'

const MiB = 1024 * 1024
const defaultRuns = 3
/** What the service may have resident at most, whatever the size of the file. */
const limitMiB = 220

type Contenders = Awaited<ReturnType<typeof openContenders>>

/** How a source behaves, and who is compared there. */
interface Situation {
  shape: Shape
  sizeBytes: number
  against(contenders: Contenders): (Contender | null)[]
}

const situations: Readonly<Record<string, Situation>> = {
  unlimited: {
    shape: {},
    sizeBytes: 2048 * MiB,
    against: ({ verified, pipe, rclone, disk }) => [verified, pipe, rclone, disk],
  },
  // As hubs do, whose one connection is slow and whose many are not.
  capped: {
    shape: { bytesPerSecondPerConnection: 20e6 },
    sizeBytes: 1024 * MiB,
    against: ({ pipe, rclone }) => [pipe, rclone],
  },
  // A source that punishes whoever comes with more than two connections: all that it sends then is 10 MB/s.
  crowded: {
    shape: { bytesPerSecondPerConnection: 40e6, slowBeyond: { lanes: 2, bytesPerSecond: 10e6 } },
    sizeBytes: 512 * MiB,
    against: ({ pipe, rclone }) => [pipe, rclone],
  },
}

/** From "Sync now" to `synced`, beside other ways to get the same file from the same source into the same bucket server. */
export const benchSync: Bench = async (options) => {
  const isWanted = (part: string) => options.only === null || options.only === part
  const world = await openSyncWorld()
  try {
    const contenders = await openContenders(world)
    if (contenders.rclone === null) options.note('rclone is not installed.')
    const results: BenchResult[] = []
    for (const [name, situation] of Object.entries(situations)) {
      if (isWanted(name)) results.push(...(await race(world, contenders, { name, situation, options })))
    }
    if (isWanted('memory')) results.push(...(await measureMemory(world, options)))
    if (results.length === 0) throw new Error(`There is no part "${options.only}" of this bench.`)
    return results
  } finally {
    await world.close()
  }
}

async function race(
  world: SyncWorld,
  contenders: Contenders,
  params: { name: string; situation: Situation; options: BenchOptions },
): Promise<BenchResult[]> {
  const { name, situation, options } = params
  // The tutorials' way has the file on the disk while it is uploaded.
  const sizeBytes = await fitToDisk(options.sizeBytes ?? situation.sizeBytes, 2, options.note)
  const { ours } = contenders
  const others = situation.against(contenders).filter((contender) => contender !== null)
  const service = await world.startService()
  try {
    await world.source.shape({})
    // Instances live long: what the first sync loads and compiles, the next ones have.
    await copyInTurn({ world, contenders: [ours], sizeBytes: 64 * MiB, runs: 1, note: () => {} })
    await world.source.shape(situation.shape)
    const speeds = await copyInTurn({
      world,
      contenders: [ours, ...others],
      sizeBytes,
      runs: options.runs ?? defaultRuns,
      note: (text) => options.note(`${name} ${text}`),
    })
    const speedsOf = (contender: Contender) => speeds.get(contender.name) ?? []
    return others.map((other) =>
      compare({
        name: `sync/${name}`,
        ours: speedsOf(ours),
        baseline: speedsOf(other),
        baselineName: other.name,
        unit: 'MB/s',
      }),
    )
  } finally {
    await service.stop()
  }
}

/** The most that a fresh service has resident in one sync: a large file must not need more than a small one. */
async function measureMemory(world: SyncWorld, options: BenchOptions): Promise<BenchResult[]> {
  const runs = options.runs ?? defaultRuns
  const results: BenchResult[] = []
  await world.source.shape({})
  for (const wantedBytes of [256 * MiB, options.sizeBytes ?? 4096 * MiB]) {
    const sizeBytes = await fitToDisk(wantedBytes, 1, options.note)
    const peaks: number[] = []
    for (let run = 1; run <= runs; run++) {
      const file = await world.source.offer({ sizeBytes, seed: sizeBytes / MiB + run })
      const service = await world.startService()
      try {
        const memory = watchMemory(service.pid)
        const seconds = await world.sync(file)
        const peakMiB = memory.stop()
        peaks.push(peakMiB)
        options.note(
          `memory ${run}/${runs} ${sizeBytes / MiB} MiB: ${peakMiB.toFixed(0)} MiB in ${seconds.toFixed(1)} s`,
        )
      } finally {
        await service.stop()
      }
      await world.emptyBucket()
    }
    const ours = Math.max(...peaks)
    const name = `sync/peak-rss-${sizeBytes / MiB}-mib`
    results.push({ name, ours, baseline: limitMiB, baselineName: 'limit', unit: 'MiB', ratio: ours / limitMiB, runs })
  }
  return results
}
