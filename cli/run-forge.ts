import { readFileSync } from 'node:fs'
import { types } from 'node:util'
import { AppError } from '#shared/errors/app-error.ts'
import { type CommandContext, parseCall, UsageError } from './command.ts'
import { type FoundCommand, findCommand, findGroup, wordsOf } from './commands.ts'
import { commandHelp, groupHelp, overview } from './help.ts'
import { Interrupted } from './interrupt.ts'
import type { Output } from './output.ts'

/** What the shell gets: a script can tell "it failed" from "you called it wrongly". */
const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** Failures of whoever calls: the environment or a profile has to be changed. */
const usageCodes: ReadonlySet<string> = new Set([
  'config.invalid',
  'forge.no-such-profile',
  'forge.no-api-key',
  'forge.no-google-sign-in',
])

/** Does what the arguments say and returns the exit code. Never throws. */
export async function runForge(args: string[], context: CommandContext): Promise<number> {
  const { output } = context
  try {
    const answer = informationFor(args)
    if (answer !== null) {
      output.result(answer.record, answer.text.trimEnd())
      return exitCodes.ok
    }
    const found = findCommand(args)
    if (found === null) throw new UsageError(unknownCommand(args), usageNear(args))
    if (!found.command.isOffline) await useProfile(found)
    return (await found.command.run(found.args, context)) ? exitCodes.ok : exitCodes.failed
  } catch (error) {
    return await tell(error, output)
  } finally {
    output.endProgress()
  }
}

interface Information {
  record: { type: string } & Record<string, unknown>
  text: string
}

/** What is only told: the version, and help of all, a group or a command. @throws UsageError for help on what is not there. */
function informationFor(args: string[]): Information | null {
  if (args.includes('--version')) {
    const text = version()
    return { record: { type: 'version', version: text }, text }
  }
  const isHelpWord = args[0] === 'help'
  const isAsking = isHelpWord || args.includes('--help') || args.includes('-h')
  const asked = isHelpWord ? args.slice(1) : args
  if (!isAsking && args.some((arg) => arg !== '--json')) return null
  const found = findCommand(asked)
  if (found !== null) return help(found.command.words.join(' '), commandHelp(found.command))
  const group = findGroup(asked)
  if (group !== null) return help(group.name, groupHelp(group))
  if (wordsOf(asked).length > 0) throw new UsageError(unknownCommand(asked), null)
  return help(null, overview())
}

function help(about: string | null, text: string): Information {
  return { record: { type: 'help', about, text }, text }
}

/**
 * Has the environment say what the profile says that --profile, FORGE_PROFILE or "forge profile use" names.
 * @throws UsageError for a profile beside --local, and where the options can't be read.
 */
async function useProfile({ command, args }: FoundCommand): Promise<void> {
  const { values } = parseCall(args, command.options, command.usage)
  if (values.local && values.profile !== undefined) {
    throw new UsageError('Give one of --local and --profile.', command.usage)
  }
  if (values.local) {
    delete process.env.FORGE_PROFILE // It is about another deployment.
    return
  }
  const { applyProfile, chooseProfile } = await import('./profiles/use-profile.ts')
  const choice = await chooseProfile(process.env, values.profile ?? null)
  if (choice !== null) applyProfile(process.env, choice)
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
  return usageCodes.has(code) ? exitCodes.usage : exitCodes.failed
}

/** Clients throw their own errors: Firestore's have a gRPC code, and missing credentials say what to do. */
async function foreseen(error: unknown): Promise<Pick<AppError, 'code' | 'message' | 'facts'>> {
  if (error instanceof AppError) return told(error)
  if (isSystemError(error)) return { code: 'forge.system', message: `${error.message}.`, facts: {} }
  if (!types.isNativeError(error)) return { code: 'internal', message: String(error), facts: {} }
  if ('code' in error && typeof error.code === 'number') {
    const { documentsError } = await import('#shared/documents/firestore.ts')
    return told(documentsError(error))
  }
  const isCredentials = /default credentials/.test(error.message)
  return { code: 'internal', message: (isCredentials ? null : error.stack) ?? error.message, facts: {} }
}

/** What a service is to try again by itself, a person has to do something about. */
function told({ code, message, facts }: AppError): Pick<AppError, 'code' | 'message' | 'facts'> {
  const said = { 'documents.permission-denied': notAllowed, 'documents.unauthenticated': notSignedIn }[code]
  return said === undefined ? { code, message, facts } : { code, message: said, facts: {} }
}

const notAllowed =
  'You may not do that in Firestore: "forge doctor" looks which role you lack, and says what grants it.'
const notSignedIn = 'Firestore does not know you: "gcloud auth application-default login" mends it.'

/** A disk, a folder or a file that does not do what it should: Node's own sentence names it, and no stack would say more. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return types.isNativeError(error) && 'syscall' in error && 'errno' in error
}

function unknownCommand(args: string[]): string {
  const words = wordsOf(args)
  if (words.length === 0) return 'Name a command.'
  if (words.length === 1 && findGroup(args) !== null) return `Say what "forge ${words[0]}" is to do.`
  return `There is no command "${words.slice(0, 2).join(' ')}".`
}

/** Where the first word is right, what may follow it. */
function usageNear(args: string[]): string | null {
  const group = findGroup(args)
  return group === null ? null : groupHelp(group)
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return String((manifest as { version: unknown }).version) // our own file
}
