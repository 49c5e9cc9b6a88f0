import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Runs one of the programs beside this file and waits for the first line that it prints. */
export async function runProgram(
  name: 'server' | 'lock-holder',
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ line: string; kill: () => Promise<void> }> {
  const program = new URL(`./${name}.ts`, import.meta.url).pathname
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, METADATA_SERVER_DETECTION: 'none', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await firstLine(child)
  return {
    line,
    async kill() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The program has no output.')
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(() => {
    throw new Error('The program ended before it said anything.')
  })
  const [line] = await Promise.race([once(lines, 'line'), ended])
  ended.catch(() => {})
  return String(line)
}
