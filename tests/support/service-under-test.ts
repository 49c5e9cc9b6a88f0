import { type ChildProcess, spawn } from 'node:child_process'
import { freePort } from '#local/service-process.ts'
import { until } from './until.ts'

/** One instance of a service as a process of its own. */
export interface ServiceUnderTest {
  url: string
  child: ChildProcess
  lines: string[]
  exited: Promise<void>
}

export interface ServiceStart {
  env: Record<string, string>
  /** One that is its own again; default a free one. */
  port?: number
  /** What is run: the service's source, unless a bundle is named. */
  main?: string
  /** Told of the process as soon as there is one, before it takes work. */
  onSpawn?: (service: ServiceUnderTest) => void
}

/** Starts a service from its source (on a free port, or one that is its own again), and waits until it takes work. @throws Error with what it said. */
export async function startServiceUnderTest(
  name: string,
  env: Record<string, string>,
  ownPort?: number,
): Promise<ServiceUnderTest> {
  return await startInstance(name, { env, ...(ownPort === undefined ? {} : { port: ownPort }) })
}

/** Starts a service and waits until it takes work. @throws Error with what it said when it ends before. */
export async function startInstance(name: string, start: ServiceStart): Promise<ServiceUnderTest> {
  const port = start.port ?? (await freePort())
  const source = [
    '--import',
    './tools/from-source.js',
    '--disable-warning=ExperimentalWarning',
    `services/${name}/main.ts`,
  ]
  const child = spawn(process.execPath, start.main === undefined ? source : [start.main], {
    env: { ...start.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const service = { url, child, lines, exited }
  start.onSpawn?.(service)
  await until(async () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The service ended at its start:\n${lines.join('\n')}`)
    }
    const answer = await fetch(`${url}/health/ready`).catch(() => null)
    return answer?.ok ?? false
  })
  return service
}
