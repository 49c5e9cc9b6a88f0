import { startDocumentServer } from '#local/documents/server.ts'
import type { Bench } from '../bench.ts'
import { buildProgram, buildService } from '../bundles.ts'
import { ignoredModelEvent } from '../model-event.ts'
import { compare } from '../result.ts'
import { syncEnvironment } from '../sync-environment.ts'
import { ignoredEvent, workerEnvironment } from '../worker-environment.ts'
import { type ColdStart, firstAnswerMs } from './first-answer.ts'

/** Of each; below nine a single disturbed start moves the median. */
const defaultRuns = 15

/**
 * From spawn to the first answer, over the bundle and a filled compile cache: an ignored event (of either service), beside a
 * bare node:http and a bare Express 5; and a task for a job that does not exist, whose answer needs one read of Firestore.
 */
export const benchCold: Bench = async ({ runs, note }) => {
  const documents = await startDocumentServer({ port: 0, dataDir: null })
  try {
    const images = await buildService('image-worker')
    const models = await buildService('model-sync')
    // No bucket server: nothing that is measured here may ask for one.
    const env = workerEnvironment({ bucketUrl: 'http://127.0.0.1:1', documentsHost: documents.host })
    const bare = { env: { PATH: env.PATH ?? '' }, request: ignoredEvent }
    const starts: Record<'http' | 'express' | 'ignored' | 'ignoredModel' | 'read', ColdStart> = {
      http: { file: await buildProgram(new URL('../baselines/bare-http.ts', import.meta.url)), ...bare },
      express: { file: await buildProgram(new URL('../baselines/bare-express.ts', import.meta.url)), ...bare },
      ignored: { file: images, env, request: ignoredEvent },
      ignoredModel: { file: models, env: syncEnvironment({}), request: ignoredModelEvent() },
      read: { file: images, env, request: { path: '/internal/jobs/none', headers: {}, body: '' } },
    }
    const times = await inTurn(starts, runs ?? defaultRuns, note)
    const { http, express, ignored, ignoredModel, read } = times
    const unit = 'ms'
    return [
      compare({ name: 'cold/first-204', ours: ignored, baseline: express, baselineName: 'bare Express 5', unit }),
      compare({ name: 'cold/first-204', ours: ignored, baseline: http, baselineName: 'bare node:http', unit }),
      compare({
        name: 'cold/model-sync',
        ours: ignoredModel,
        baseline: express,
        baselineName: 'bare Express 5',
        unit,
      }),
      compare({ name: 'cold/first-read', ours: read, baseline: express, baselineName: 'bare Express 5', unit }),
    ]
  } finally {
    await documents.close()
  }
}

/** Each start after the other, again and again: what disturbs the machine disturbs all alike. */
async function inTurn<Name extends string>(
  starts: Record<Name, ColdStart>,
  runs: number,
  note: (text: string) => void,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(starts) as Name[] // The keys of the record are its names.
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  // The first two fill the compile cache: it is written at the end of a run, and what one run has not called is left out.
  for (const name of names) for (let warmUp = 0; warmUp < 2; warmUp++) await firstAnswerMs(starts[name])
  for (let run = 1; run <= runs; run++) {
    for (const name of names) times[name].push(await firstAnswerMs(starts[name]))
  }
  for (const name of names) note(`${name} ${times[name].map((ms) => ms.toFixed(0)).join(' ')} ms`)
  return times
}
