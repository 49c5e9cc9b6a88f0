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

/** Starts a service from its source (on a free port, or one that is its own again), and waits until it takes work. @throws Error with what it said. */
export async function startServiceUnderTest(
  service: string,
  env: Record<string, string>,
  ownPort?: number,
): Promise<ServiceUnderTest> {
  const port = ownPort ?? (await freePort())
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', `services/${service}/main.ts`], {
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`The service ended at its start:\n${lines.join('\n')}`)
    const answer = await fetch(`${url}/health/ready`).catch(() => null)
    return answer?.ok ?? false
  })
  return { url, child, lines, exited }
}
