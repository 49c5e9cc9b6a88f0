import type { Command } from '../command.ts'
import { commonOptions } from '../command.ts'
import { commandGroups } from '../commands.ts'

/** What a shell has to know of one command. */
export interface CompletedCommand {
  /** Its words with blanks between them. */
  name: string
  summary: string
  /** Without the dashes, in order. */
  options: readonly { name: string; takesValue: boolean; choices: readonly string[] }[]
}

/** What a shell has to know of forge. */
export interface Completed {
  /** What may come first. */
  firstWords: readonly { word: string; summary: string }[]
  /** What may come second, by the first word. */
  secondWords: ReadonlyMap<string, readonly { word: string; summary: string }[]>
  commands: readonly CompletedCommand[]
  /** Options whose value is the next word, of whatever command, with the dashes. */
  valued: readonly string[]
}

/** Made of the table of commands, so that it never lags behind. */
export function completedWords(all: readonly Command[]): Completed {
  const groups = commandGroups(all)
  const secondWords = new Map(
    groups.flatMap(({ commands: members }) => {
      const [first = ''] = members[0].words
      const seconds = members.flatMap(({ words: [, word], summary }) => (word ? [{ word, summary }] : []))
      return seconds.length > 0 ? [[first, seconds] as const] : []
    }),
  )
  const commands = all.map((command) => ({
    name: command.words.join(' '),
    summary: command.summary,
    options: Object.entries({ ...command.options, ...commonOptions }).map(([name, { type }]) => ({
      name,
      takesValue: type === 'string',
      choices: command.choices?.[name] ?? [],
    })),
  }))
  const valued = commands.flatMap(({ options }) =>
    options.filter((one) => one.takesValue).map((one) => `--${one.name}`),
  )
  return {
    firstWords: groups.map(({ commands: [first], summary }) => ({ word: first.words[0] ?? '', summary })),
    secondWords,
    commands,
    valued: [...new Set(valued)].toSorted(),
  }
}

/** A word for bash and zsh: between single quotes nothing has a meaning but these. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
