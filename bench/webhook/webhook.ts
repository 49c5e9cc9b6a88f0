import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { localEnvironment, trainingEnvironment } from '#local/cloud.ts'
import { startDocumentServer } from '#local/documents/server.ts'
import type { Bench } from '../bench.ts'
import { buildProgram, buildService } from '../bundles.ts'
import { type BenchProcess, startProcess } from '../process.ts'
import { compare } from '../result.ts'
import { benchSecret } from './delivery.ts'
import type { WebhookRound } from './webhook-load.ts'

const defaultRuns = 7
const connections = 16
const roundMs = 3_000
const generator = fileURLToPath(new URL('./webhook-load.ts', import.meta.url))

/**
 * A signed webhook about a run that is new each time: verified over its bytes, recorded in Firestore and answered; beside an
 * Express handler that parses the same JSON, judges nothing and keeps nothing.
 */
export const benchWebhook: Bench = async ({ runs, note }) => {
  const documents = await startDocumentServer({ port: 0, dataDir: null })
  const service = await startProcess(
    await buildService('replicate-webhook'),
    environment(documents.host),
    '/health/ready',
  )
  const bare = await buildProgram(new URL('../baselines/bare-express-json.ts', import.meta.url))
  const express = await startProcess(bare, { PATH: process.env.PATH ?? '' }, '/')
  try {
    const rounds = { service: [] as WebhookRound[], express: [] as WebhookRound[] }
    let sent = 0
    // The first round of each compiles what is hot.
    for (let round = 0; round <= (runs ?? defaultRuns); round++) {
      for (const [name, process] of [
        ['service', service],
        ['express', express],
      ] as const) {
        const measured = await sendFor(process, sent)
        sent += measured.sent
        if (round > 0) rounds[name].push(measured)
        const { perSecond, p50Ms, p99Ms } = measured
        const count = round === 0 ? 'warm-up' : String(round)
        note(`${count} ${name}: ${perSecond.toFixed(0)}/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`)
      }
    }
    const figures = (name: keyof WebhookRound) => ({
      ours: rounds.service.map((round) => round[name]),
      baseline: rounds.express.map((round) => round[name]),
      baselineName: 'bare Express JSON',
    })
    return [
      compare({ name: 'webhook/recorded', ...figures('perSecond'), unit: 'events/s' }),
      compare({ name: 'webhook/p50', ...figures('p50Ms'), unit: 'ms' }),
      compare({ name: 'webhook/p99', ...figures('p99Ms'), unit: 'ms' }),
    ]
  } finally {
    await service.stop()
    await express.stop()
    await documents.close()
  }
}

/** Without storage, tasks and Replicate: the answer to a webhook may need none of them. */
function environment(documentsHost: string): Record<string, string> {
  const nowhere = 'http://127.0.0.1:1'
  return {
    PATH: process.env.PATH ?? '',
    ...localEnvironment({
      bucketUrl: nowhere,
      documentsHost,
      civitaiUrl: nowhere,
      huggingfaceUrl: nowhere,
      fileHostUrl: nowhere,
      tasksUrl: nowhere,
      jwksUrl: nowhere,
      serviceUrl: nowhere,
    }),
    ...trainingEnvironment({
      bucketUrl: nowhere,
      replicateUrl: nowhere,
      jwksUrl: nowhere,
      replicateWebhookUrl: nowhere,
      keyFile: '/dev/null',
    }),
    REPLICATE_WEBHOOK_SECRETS: benchSecret,
  }
}

async function sendFor({ url }: BenchProcess, first: number): Promise<WebhookRound> {
  const parameters = [new URL(url).port, connections, roundMs, first].map(String)
  const node = ['--disable-warning=ExperimentalWarning', generator, ...parameters]
  const { stdout } = await promisify(execFile)(process.execPath, node)
  return JSON.parse(stdout) as WebhookRound
}
