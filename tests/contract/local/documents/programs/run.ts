import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Runs one of the programs beside this file and waits for a line that it prints: `awaited`, or else the first. */
export async function runProgram(
  name: 'server' | 'lock-holder',
  args: readonly string[],
  env: Record<string, string> = {},
  awaited: string | null = null,
): Promise<{ line: string; kill: () => Promise<void> }> {
  const program = new URL(`./${name}.ts`, import.meta.url).pathname
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, METADATA_SERVER_DETECTION: 'none', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await lineOf(child, awaited)
  return {
    line,
    async kill() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function lineOf(child: ChildProcess, awaited: string | null): Promise<string> {
  if (child.stdout === null) throw new Error('The program has no output.')
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(() => {
    throw new Error('The program ended before it said anything.')
  })
  ended.catch(() => {})
  const found = new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      if (awaited === null || line === awaited) resolve(line)
    })
  })
  return Promise.race([found, ended])
}
