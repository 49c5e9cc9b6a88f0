import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { watch } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const startTimeoutMs = 20_000
const pollMs = 25
/** SIGTERM has this long before SIGKILL; the service's own limit is 9 s. */
const stopTimeoutMs = 10_500
/** An editor saves several files at once; one restart serves them all. */
const settleMs = 150

export interface ServiceProcessOptions {
  /** A folder under `services/`. */
  name: string
  port: number
  env: Record<string, string | undefined>
  /** A bundle of it to run instead of its source. */
  bundle?: string
  /** Where its lines go: standard output by default, standard error where that is the result's. */
  output?: 'stdout' | 'stderr'
  onExit?: (code: number | null) => void
}

/** One service as a process of its own, by default run from its source as it would run from its bundle. */
export interface ServiceProcess {
  name: string
  url: string
  pid: number | undefined
  stop(): Promise<void>
}

/** Below the ports that systems hand out by themselves (Linux from 32768, others from 49152), above the well-known services. */
const ownPorts = { first: 10_000, count: 22_000 }
const givenPorts = new Set<number>()

/** A port that was free a moment ago, never given twice by this process, and that no outgoing connection or listener on port 0 can take meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = ownPorts.first + randomInt(ownPorts.count)
    if (givenPorts.has(port) || !(await isFree(port))) continue
    givenPorts.add(port)
    return port
  }
}

/** As Node's own, which names the port too. */
function portTaken(port: number): Error {
  return Object.assign(new Error(`Port ${port} is taken.`), { code: 'EADDRINUSE', port })
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(false) : reject(error),
    )
    probe.listen(port, () => probe.close(() => resolve(true)))
  })
}

/** Starts a service and waits until it takes work; it ends with this process. @throws Error when its port is taken, it ends or stays silent. */
export async function startService(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { name, port } = options
  // Another service there would be taken for ours.
  if (!(await isFree(port))) throw portTaken(port)
  const program = options.bundle ?? `services/${name}/main.ts`
  const fromSource = options.bundle === undefined ? ['--import', './tools/from-source.js'] : []
  const flags = [...fromSource, '--import', './local/end-with-parent.ts', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...flags, program], {
    cwd: root,
    env: { ...options.env, PORT: String(port) },
    stdio: ['ignore', options.output === 'stderr' ? 2 : 1, 2, 'ipc'],
    // Its own group: Ctrl-C in the terminal reaches us alone, and we end the service in order.
    detached: true,
  })
  child.on('exit', (code) => options.onExit?.(code))
  const url = `http://127.0.0.1:${port}`
  try {
    await untilReady(child, { name, url })
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return { name, url, pid: child.pid, stop: () => stopChild(child) }
}

async function untilReady(child: ChildProcess, service: { name: string; url: string }): Promise<void> {
  const deadline = Date.now() + startTimeoutMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${service.name} ended at its start with ${child.exitCode ?? child.signalCode}.`)
    }
    const answer = await fetch(`${service.url}/health/ready`).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new Error(`${service.name} was not ready within ${startTimeoutMs / 1000} s.`)
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}

/** Calls `onChange` once for each burst of changes to the code that a service is made of. */
export function watchCode(name: string, onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | null = null
  const changed = (_kind: string, file: string | null) => {
    if (!file?.endsWith('.ts')) return
    if (timer) clearTimeout(timer)
    timer = setTimeout(onChange, settleMs)
  }
  const watchers = [`services/${name}`, 'shared'].map((folder) =>
    watch(new URL(`../${folder}`, import.meta.url), { recursive: true }, changed),
  )
  return {
    close() {
      if (timer) clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}
