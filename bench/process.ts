import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '#local/service-process.ts'

export interface BenchProcess {
  url: string
  pid: number
  stop(): Promise<void>
}

const startTimeoutMs = 20_000

/** Starts a bundle on `env.PORT`, or else a free port, and waits until `path` answers, whatever it answers. */
export async function startProcess(file: string, env: Record<string, string>, path: string): Promise<BenchProcess> {
  const port = env.PORT ?? (await freePort())
  const child = spawn(process.execPath, [file], {
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + startTimeoutMs
  while (!(await answers(new URL(path, url)))) {
    if (child.exitCode !== null || child.pid === undefined || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${file} did not start.`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { url, pid: child.pid ?? 0, stop }
}

async function answers(url: URL): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer()
    return true
  } catch {
    return false
  }
}
