import { type ParseArgsOptionsConfig, parseArgs, types } from 'node:util'
import type { Output } from './output.ts'

/** One command: a file under `commands/`. */
export interface Command {
  /** The words that call it: `images process`. */
  words: readonly string[]
  /** How the overview shows it. */
  synopsis: string
  summary: string
  /** What `--help` says before its examples. */
  usage: string
  /** Beside those that every command has: what `parseCall` takes, the shell completes, and the page shows. */
  options: ParseArgsOptionsConfig
  /** Options that take one of a few words. */
  choices?: Readonly<Record<string, readonly string[]>>
  /** It does not work on a deployment, so that no profile is read before it runs. */
  isOffline?: boolean
  /** Whole calls, as somebody would type them. */
  examples: readonly string[]
  /** True when all went well. @throws UsageError when it was called wrongly. */
  run(args: string[], context: CommandContext): Promise<boolean>
}

export interface CommandContext {
  output: Output
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
  /** Where somebody types, or a pipe ends; the process's own where nothing is said. */
  input?: NodeJS.ReadableStream & { isTTY?: boolean }
}

/** It was called wrongly: exit code 2. */
export class UsageError extends Error {
  /** What to show below the sentence; null for the general hint. */
  readonly usage: string | null

  constructor(message: string, usage: string | null) {
    super(message)
    this.usage = usage
  }
}

/** Options that every command has. */
export const commonOptions = {
  local: { type: 'boolean', default: false },
  profile: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsOptionsConfig

/** Parses a command's arguments. @throws UsageError with the command's usage. */
export function parseCall<const O extends ParseArgsOptionsConfig>(args: string[], options: O, usage: string) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { ...commonOptions, ...options } })
  } catch (error) {
    // Node's sentences say what is wrong; the advice about `--` behind the first one is for programmers.
    const message = types.isNativeError(error) ? (error.message.split('. ')[0] ?? '') : String(error)
    throw new UsageError(`${message.replace(/\.$/, '')}.`, usage)
  }
}

/** A whole number from an option. @throws UsageError */
export function wholeNumber(text: string, option: { name: string; min: number; max: number; usage: string }): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= option.min && value <= option.max) return value
  throw new UsageError(
    `--${option.name} takes a whole number from ${option.min} to ${option.max}, not "${text}".`,
    option.usage,
  )
}

/** A document id of a character, as a person gives it. @throws UsageError */
export function characterIdOf(text: string, usage: string): string {
  if (isDocumentId(text)) return text
  throw new UsageError(`"${text}" is no character's id.`, usage)
}

/** A document id of a model, as a person gives it. @throws UsageError */
export function modelIdOf(text: string, usage: string): string {
  if (isDocumentId(text)) return text
  throw new UsageError(`"${text}" is no model's id.`, usage)
}

/** A document id of a training, as a person gives it. @throws UsageError */
export function trainingIdOf(text: string, usage: string): string {
  if (isDocumentId(text)) return text
  throw new UsageError(`"${text}" is no training's id.`, usage)
}

/** A user's id, as a person gives it. @throws UsageError */
export function userIdOf(text: string, usage: string): string {
  if (isDocumentId(text)) return text
  throw new UsageError(`"${text}" is no user's id.`, usage)
}

/** A document id of a job, as a person gives it. @throws UsageError */
export function jobIdOf(text: string, usage: string): string {
  if (isDocumentId(text)) return text
  throw new UsageError(`"${text}" is no job's id.`, usage)
}

function isDocumentId(text: string): boolean {
  return text !== '' && !text.includes('/') && text !== '.' && text !== '..' && !/^__.*__$/.test(text)
}
