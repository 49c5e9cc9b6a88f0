import { readFileSync } from 'node:fs'
import { types } from 'node:util'
import { AppError } from '#shared/errors/app-error.ts'
import { type Command, type CommandContext, UsageError } from './command.ts'
import { deadLettersList, deadLettersReplay } from './commands/dead-letters.ts'
import { generate } from './commands/generate.ts'
import { imagesBackfill } from './commands/images-backfill.ts'
import { imagesProcess } from './commands/images-process.ts'
import { jobsList, jobsRetry, jobsShow } from './commands/jobs.ts'
import { purgeCharacter } from './commands/purge-character.ts'
import { purgeTraining } from './commands/purge-training.ts'
import { purgeUser } from './commands/purge-user.ts'
import { reconcile } from './commands/reconcile.ts'
import { sync } from './commands/sync.ts'
import { train } from './commands/train.ts'
import { trainings } from './commands/trainings.ts'
import { workerRun } from './commands/worker-run.ts'
import { Interrupted } from './interrupt.ts'
import type { Output } from './output.ts'

/** In the order in which the help lists them. */
const commands: readonly Command[] = [
  imagesProcess,
  imagesBackfill,
  sync,
  train,
  trainings,
  generate,
  workerRun,
  purgeCharacter,
  purgeTraining,
  purgeUser,
  reconcile,
  jobsList,
  jobsShow,
  jobsRetry,
  deadLettersList,
  deadLettersReplay,
]

/** What the shell gets: a script can tell "it failed" from "you called it wrongly". */
const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** Does what the arguments say and returns the exit code. Never throws. */
export async function runForge(args: string[], context: CommandContext): Promise<number> {
  const { output } = context
  try {
    const found = findCommand(args)
    if (args.includes('--version')) output.text(version())
    else if (found === null && (args.length === 0 || isAskingForHelp(args))) output.text(overview())
    else if (found === null) throw new UsageError(unknownCommand(args), null)
    else if (isAskingForHelp(found.args)) output.text(found.command.usage)
    else return (await found.command.run(found.args, context)) ? 0 : exitCodes.failed
    return exitCodes.ok
  } catch (error) {
    return await tell(error, output)
  } finally {
    output.endProgress()
  }
}

/** The command is the leading words; options may stand anywhere. */
function findCommand(args: string[]): { command: Command; args: string[] } | null {
  const places = args.flatMap((arg, place) => (arg.startsWith('-') ? [] : [place]))
  for (const command of commands) {
    const taken = places.slice(0, command.words.length)
    const isCalled = command.words.every((word, index) => args[taken[index] ?? -1] === word)
    if (isCalled) return { command, args: args.filter((_arg, place) => !taken.includes(place)) }
  }
  return null
}

function isAskingForHelp(args: string[]): boolean {
  return args.includes('--help') || args.includes('-h') || args[0] === 'help'
}

async function tell(error: unknown, output: Output): Promise<number> {
  if (error instanceof UsageError) {
    output.failure({ code: 'usage', message: error.message, hint: error.usage ?? 'forge --help lists the commands.' })
    return exitCodes.usage
  }
  if (error instanceof Interrupted) {
    output.note(error.message)
    return exitCodes.interrupted
  }
  const { code, message, facts } = await foreseen(error)
  const reason = typeof facts.reason === 'string' ? facts.reason : undefined
  output.failure({ code, message, ...(reason ? { hint: reason } : {}) })
  return code === 'config.invalid' ? exitCodes.usage : exitCodes.failed
}

/** Clients throw their own errors: Firestore's have a gRPC code, and missing credentials say what to do. */
async function foreseen(error: unknown): Promise<Pick<AppError, 'code' | 'message' | 'facts'>> {
  if (error instanceof AppError) return error
  if (!types.isNativeError(error)) return { code: 'internal', message: String(error), facts: {} }
  if ('code' in error && typeof error.code === 'number') {
    const { documentsError } = await import('#shared/documents/firestore.ts')
    return documentsError(error)
  }
  const isCredentials = /default credentials/.test(error.message)
  return { code: 'internal', message: (isCredentials ? null : error.stack) ?? error.message, facts: {} }
}

function overview(): string {
  const width = Math.max(...commands.map((command) => command.synopsis.length)) + 2
  const rows = commands.map((command) => `  ${command.synopsis.padEnd(width)}${command.summary}`)
  return `forge: what operators do with CharaForge, from a terminal.

${rows.join('\n')}

Every command takes
  --local    works on the local cloud that \`npm run dev\` started
  --json     one JSON object a line instead of text
  --help     says more about the command

It works on the project of GOOGLE_CLOUD_PROJECT and STORAGE_BUCKET with your own rights
(gcloud auth application-default login), or on emulators (FIRESTORE_EMULATOR_HOST,
STORAGE_EMULATOR_HOST); docs/environment.md explains the variables, docs/cli.md the rest.
Exit codes: 0 done, 1 failed, 2 called wrongly. NO_COLOR is honoured.
`
}

function unknownCommand(args: string[]): string {
  const words = args.filter((arg) => !arg.startsWith('-'))
  if (words.length === 0) return 'Name a command.'
  return `There is no command "${words.slice(0, 2).join(' ')}".`
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return String((manifest as { version: unknown }).version) // our own file
}
