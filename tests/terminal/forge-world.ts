import { localProject } from '#local/environment.ts'
import { freePort, type ServiceProcess, startService } from '#local/service-process.ts'
import { type ModelCloud, startModelCloud } from '../support/model-cloud.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** The local cloud with model sync, and forge in terminals. */
export interface TerminalWorld extends ModelCloud {
  /** Starts `forge` with arguments, or a shell line in which `forge` stands for it. */
  forge(call: readonly string[] | string): Promise<Terminal>
  /** Starts the api: what `forge models` speaks to. It signs URLs for the bucket server at `bucketUrl`. */
  startApi(bucketUrl: string): Promise<void>
}

export async function startTerminalWorld(options: {
  service: boolean
  env?: Record<string, string>
}): Promise<TerminalWorld> {
  const world = await startModelCloud(options)
  const terminals: Terminal[] = []
  let api: ServiceProcess | null = null
  const env: Record<string, string> = { ...world.env, PATH: process.env.PATH ?? '', METADATA_SERVER_DETECTION: 'none' }
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', 'cli/forge.js']
  return {
    ...world,
    async forge(call) {
      const command =
        typeof call === 'string' ? ['sh', '-c', call.replaceAll('forge ', `${node.join(' ')} `)] : [...node, ...call]
      const terminal = await openTerminal(command, { env })
      terminals.push(terminal)
      return terminal
    },
    async startApi(bucketUrl) {
      const port = await freePort()
      const { cloud } = world
      const serviceEnv = {
        PATH: process.env.PATH,
        ...cloud.environmentFor(`http://127.0.0.1:${port}`),
        ...cloud.trainingEnvironment('http://127.0.0.1:9'),
        STORAGE_EMULATOR_HOST: bucketUrl,
        CIVITAI_REQUESTS_PER_MINUTE: '6000',
        STORAGE_QUOTA_BYTES: '0',
        LOG_LEVEL: 'error',
      }
      api = await startService({ name: 'api', port, env: serviceEnv, output: 'stderr' })
      env.FORGE_API_URL = `http://127.0.0.1:${port}`
      env.FORGE_TOKEN = await cloud.identity.mintUser({ projectId: localProject, uid: 'ana', email: 'ana@example.com' })
    },
    async close() {
      for (const terminal of terminals) await terminal.close()
      await api?.stop()
      await world.close()
    },
  }
}
