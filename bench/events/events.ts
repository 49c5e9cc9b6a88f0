import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Bench } from '../bench.ts'
import { buildProgram, buildService } from '../bundles.ts'
import { startProcess } from '../process.ts'
import { compare } from '../result.ts'
import { workerEnvironment } from '../worker-environment.ts'

const defaultRuns = 7
const connections = 16
const roundMs = 2_000
const generator = fileURLToPath(new URL('./load-generator.ts', import.meta.url))

/** Events that are not for us, a second, beside an Express handler that parses the same JSON and answers. */
export const benchEvents: Bench = async ({ runs, note }) => {
  const env = workerEnvironment({ bucketUrl: 'http://127.0.0.1:1', documentsHost: '127.0.0.1:1' })
  const worker = await startProcess(await buildService('image-worker'), env, '/health/ready')
  const bare = await buildProgram(new URL('../baselines/bare-express-json.ts', import.meta.url))
  const express = await startProcess(bare, { PATH: env.PATH ?? '' }, '/')
  try {
    const rates = { worker: [] as number[], express: [] as number[] }
    // The first round of each compiles what is hot.
    for (let round = 0; round <= (runs ?? defaultRuns); round++) {
      for (const [name, { url }] of [
        ['worker', worker],
        ['express', express],
      ] as const) {
        const rate = await eventsPerSecond(url)
        if (round > 0) rates[name].push(rate)
      }
    }
    note(`${connections} connections; worker ${rounded(rates.worker)}, express ${rounded(rates.express)} events/s`)
    const { worker: ours, express: baseline } = rates
    return [compare({ name: 'events/ignored', ours, baseline, baselineName: 'bare Express JSON', unit: 'events/s' })]
  } finally {
    await worker.stop()
    await express.stop()
  }
}

async function eventsPerSecond(url: string): Promise<number> {
  const { port } = new URL(url)
  const parameters = [port, String(connections), String(roundMs)]
  const node = ['--disable-warning=ExperimentalWarning', generator, ...parameters]
  const { stdout } = await promisify(execFile)(process.execPath, node)
  return Number(stdout)
}

function rounded(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(' ')
}
