import { type ChildProcess, spawn } from 'node:child_process'
import { until } from './until.ts'

export interface RunningProcess {
  child: ChildProcess
  /** Standard output and error so far. */
  output(): string
  /** Waits until the output matches. @throws Error when the process ends before. */
  says(pattern: RegExp): Promise<void>
  exited: Promise<number | null>
  kill(): Promise<void>
}

/** What every process of ours gets. */
const ownEnv = () => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '/',
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
})

/** Starts this Node with `args`, in the project's folder, with an environment of its own. */
export function startProcess(args: string[], env: Record<string, string> = {}): RunningProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { ...ownEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return {
    child,
    output: () => text,
    async says(pattern) {
      await until(async () => {
        if (child.exitCode !== null) throw new Error(`The process ended with ${child.exitCode}:\n${text}`)
        return pattern.test(text)
      })
    },
    exited,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

export interface EndedProcess {
  code: number | null
  stdout: string
  stderr: string
}

/** Starts this Node in the same way, its output in pipes of their own; `input` is all that it can read. */
export function startPiped(args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { ...ownEnv(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.end(options.input ?? '')
  const ended = new Promise<EndedProcess>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { child, ended, stdoutSoFar: () => stdout }
}

/** Runs to the end. */
export async function runProcess(args: string[], env: Record<string, string> = {}): Promise<EndedProcess> {
  return await startPiped(args, { env }).ended
}
