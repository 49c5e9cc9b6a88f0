import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '../support/until.ts'

const run = promisify(execFile)

export const hasTmux = spawnSync('tmux', ['-V']).status === 0

/** A command in a terminal of its own: what a person would see, and can type. */
export interface Terminal {
  /** The rows on the screen and those that have left it at the top, without blanks at their ends. */
  rows(): Promise<string[]>
  /** Waits until the rows are so, and returns them. @throws Error when the command ends before. */
  shows(isSo: (rows: string[]) => boolean): Promise<string[]>
  /** Presses keys by tmux's names: `C-c`, `Enter`. */
  press(...keys: string[]): Promise<void>
  /** Waits for the end. */
  exitCode(): Promise<number>
  close(): Promise<void>
}

/** No line for tmux itself, nothing of the user's own, and a pane that stays when its command has ended. */
const settings = `
set -g status off
set -g remain-on-exit on
set -g remain-on-exit-format ''
set -g default-terminal screen-256color
set -g history-limit 5000
`

/** tmux itself loses the code of one in three commands that end fast. The shell lives through Ctrl-C, which the command gets as ever. */
const keepingTheCode = 'trap : INT; "$@"; echo $? > "$0"'

/** Starts a command under a tmux server that nobody else knows of, in UTF-8, in this folder. */
export async function openTerminal(
  command: readonly string[],
  options: { env: Record<string, string>; columns?: number; rows?: number },
): Promise<Terminal> {
  const folder = await mkdtemp(join(tmpdir(), 'terminal-'))
  const config = join(folder, 'tmux.conf')
  await writeFile(config, settings)
  const codeFile = join(folder, 'code')
  const server = ['-u', '-S', join(folder, 'socket'), '-f', config]
  // The server keeps its first environment; what the command gets is named one by one.
  const serverEnv = { PATH: process.env.PATH ?? '', HOME: folder, LANG: 'C.UTF-8', TMUX_TMPDIR: folder }
  const tmux = async (...args: string[]): Promise<string> =>
    (await run('tmux', [...server, ...args], { env: serverEnv, maxBuffer: 16 * 1024 * 1024 })).stdout
  const { env, columns = 80, rows: height = 24 } = options
  const variables = Object.entries({ HOME: folder, ...env }).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  await tmux(
    ...['new-session', '-d', '-x', String(columns), '-y', String(height), '-c', process.cwd(), ...variables],
    ...['--', 'sh', '-c', keepingTheCode, codeFile, ...command],
  )

  async function rows(): Promise<string[]> {
    const text = await tmux('capture-pane', '-p', '-S', '-')
    const lines = text.split('\n').map((line) => line.trimEnd())
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
  }

  /** Null until all that the command wrote is on the screen, too. */
  async function ended(): Promise<number | null> {
    if ((await tmux('display-message', '-p', '#{pane_dead}')).trim() !== '1') return null
    const code = await readFile(codeFile, 'utf8').catch(() => '')
    return code.endsWith('\n') ? Number(code) : null
  }

  return {
    rows,
    async shows(isSo) {
      let seen: string[] = []
      await until(async () => {
        const code = await ended()
        seen = await rows()
        if (isSo(seen)) return true
        if (code !== null) throw new Error(`The command ended with ${code} and shows:\n${seen.join('\n')}`)
        return false
      }, pollMs)
      return seen
    },
    press: async (...keys) => void (await tmux('send-keys', ...keys)),
    async exitCode() {
      let code: number | null = null
      await until(async () => {
        code = await ended()
        return code !== null
      }, pollMs)
      return code ?? -1
    },
    async close() {
      // A server whose last session has gone is gone already.
      await tmux('kill-server').catch(() => {})
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const pollMs = 50

/** The rows in which something of a progress bar stands. */
export function barRows(rows: readonly string[]): string[] {
  return rows.filter((row) => /[█▉▊▋▌▍▎▏░]/.test(row))
}

/** The per cent of the only bar on the screen; null where there is none. @throws Error for a second one, or a row of its rest. */
export function percentOf(rows: readonly string[]): number | null {
  const bars = barRows(rows)
  const percents = rows.filter((row) => /\d %/.test(row))
  if (bars.length > 1 || percents.length > 1) throw new Error(`A bar was not written over:\n${rows.join('\n')}`)
  const percent = /(\d+) %/.exec(bars[0] ?? '')?.[1]
  return percent === undefined ? null : Number(percent)
}
