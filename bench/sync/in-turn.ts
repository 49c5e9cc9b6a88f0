import type { Contender } from './contenders.ts'
import type { SyncWorld } from './sync-world.ts'

export interface Race {
  world: SyncWorld
  contenders: readonly Contender[]
  sizeBytes: number
  runs: number
  note(text: string): void
}

let lastSeed = 0

/** Lets each copy one file after the other, again and again with another file. @returns MB/s of each, by name. */
export async function copyInTurn({ world, contenders, sizeBytes, runs, note }: Race): Promise<Map<string, number[]>> {
  const speeds = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (let run = 1; run <= runs; run++) {
    // New bytes each time: a file that is in the bucket already is not copied again.
    const file = await world.source.offer({ sizeBytes, seed: ++lastSeed })
    for (const { name, copy } of contenders) {
      const seconds = await copy(file)
      speeds.get(name)?.push(sizeBytes / 1e6 / seconds)
      note(`${run}/${runs} ${name}: ${seconds.toFixed(2)} s, ${(sizeBytes / 1e6 / seconds).toFixed(0)} MB/s`)
      await world.emptyBucket()
    }
  }
  return speeds
}
