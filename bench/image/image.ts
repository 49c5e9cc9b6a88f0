import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { buildProgram, buildService } from '../bundles.ts'
import { drawPhoto } from '../photo.ts'
import { deliver, openPictureWorld } from '../picture-world.ts'
import { startProcess } from '../process.ts'
import { compare } from '../result.ts'
import { ignoredEvent, workerEnvironment } from '../worker-environment.ts'

const defaultRuns = 7
const side = 2048
const segmentation = new URL('../../services/image-worker/providers/local/segmentation-worker.ts', import.meta.url)

/**
 * From the delivery of an upload's event to its acknowledgement, local providers, beside the same calls to sharp and to
 * the segmentation made directly: what jobs, stored steps and publication add.
 */
export const benchImage: Bench = async ({ runs, note }) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-image-'))
  const picture = await drawPhoto({ width: side, height: side, format: 'png', seed: 1 })
  const file = join(folder, 'picture.png')
  await writeFile(file, picture)
  const world = await openPictureWorld()
  const worker = await startProcess(await buildService('image-worker'), workerEnvironment(world), '/health/ready')
  const program = await buildProgram(new URL('./direct-calls.ts', import.meta.url), [segmentation])
  const direct = await startProcess(program, { PATH: process.env.PATH ?? '', PICTURE: file }, '/')
  try {
    const times = { ours: [] as number[], baseline: [] as number[] }
    // The first round starts threads and compiles what is hot.
    for (let round = 0; round <= (runs ?? defaultRuns); round++) {
      const { event, outcome } = await world.upload(picture, 'image/png')
      const ours = await timed(() => deliver(worker.url, event))
      const { status, sizeBytes } = await outcome()
      if (status !== 'complete' || sizeBytes === 0) throw new Error(`A picture of the bench ended as ${status}.`)
      const baseline = await timed(() => deliver(direct.url, ignoredEvent))
      if (round === 0) continue
      times.ours.push(ours)
      times.baseline.push(baseline)
    }
    note(`${side} × ${side} PNG; worker ${rounded(times.ours)}, direct calls ${rounded(times.baseline)} ms`)
    return [compare({ name: 'image/pipeline-2048', ...times, baselineName: 'the same calls directly', unit: 'ms' })]
  } finally {
    await worker.stop()
    await direct.stop()
    await world.close()
    await rm(folder, { recursive: true })
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function rounded(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(' ')
}
