import { existsSync, readFileSync } from 'node:fs'
import type { Command } from '../command.ts'
import { type CommandGroup, commandGroups, commands } from '../commands.ts'
import { commandHelp } from '../help.ts'

/** docs/cli.md: what each command's help says, and the background that lies beside this file, under the command's words. */
export function cliPage(all: readonly Command[] = commands): string {
  const groups = commandGroups(all)
  const parts = [
    '# forge, the command line',
    '<!-- Written by `npm run docs:cli` from the commands in cli/ and the texts in cli/page/. -->',
    background('preface'),
    tableOf(groups),
    '## Where it works',
    background('where-it-works'),
    '## What it prints',
    background('what-it-prints'),
    ...groups.flatMap(sectionOf),
  ]
  return `${parts.filter((part) => part !== null).join('\n\n')}\n`
}

/** The names that a text beside this file may have: those of the page's own parts, of groups and of commands. */
export function backgroundNames(all: readonly Command[] = commands): string[] {
  const words = commandGroups(all).map(({ commands: [first] }) => first.words[0] ?? '')
  return ['preface', 'where-it-works', 'what-it-prints', ...words, ...all.map(nameOf)]
}

function tableOf(groups: readonly CommandGroup[]): string {
  const rows = groups.map(({ name, summary, commands: members }) => {
    const calls = members.map(({ words }) => words.slice(1).join(' '))
    const shown = members.length === 1 ? name : `${name} ${calls.join('\\|')}`
    return `| [\`${shown}\`](#${name.replaceAll(' ', '-')}) | ${summary} |`
  })
  return `| Command | What it does |\n|---|---|\n${rows.join('\n')}`
}

function sectionOf({ name, summary, commands: members }: CommandGroup): (string | null)[] {
  const [only] = members
  if (members.length === 1) return [`## ${name}`, helpBlock(only), background(nameOf(only))]
  const heads = [`## ${name}`, `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, background(name)]
  return [
    ...heads,
    ...members.flatMap((member) => [`### ${member.words.join(' ')}`, helpBlock(member), background(nameOf(member))]),
  ]
}

function helpBlock(command: Command): string {
  return `\`\`\`\n${commandHelp(command).trimEnd()}\n\`\`\``
}

function nameOf({ words }: Command): string {
  return words.join('-')
}

function background(name: string): string | null {
  const path = new URL(`./${name}.md`, import.meta.url)
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null
}
