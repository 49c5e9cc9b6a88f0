import { freePort, startService } from '#local/service-process.ts'
import type { ModelCloud } from './model-cloud.ts'

/** The api beside a local cloud with model sync. */
export interface ModelApi {
  url: string
  /** What `forge` gets as its environment to speak to it, as the local cloud's user. */
  env: Record<string, string>
  stop(): Promise<void>
}

export async function startModelApi(world: ModelCloud, more: Record<string, string> = {}): Promise<ModelApi> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...world.env,
    ...world.cloud.environmentFor(url),
    // Nobody does trainings here.
    ...world.cloud.trainingEnvironment('http://127.0.0.1:1'),
    MODEL_SYNC_URL: world.env.SERVICE_URL ?? '',
    ...more,
  }
  const service = await startService({ name: 'api', port, env: { PATH: process.env.PATH, ...env }, output: 'stderr' })
  return { url, env: { ...env, FORGE_API_URL: url, FORGE_DATA_DIR: world.dataDir }, stop: () => service.stop() }
}
