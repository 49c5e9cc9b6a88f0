import type { Command } from './command.ts'
import { type CommandGroup, commandGroups } from './commands.ts'

/** What `forge --help` says; it fits a screen of 24 lines and 80 columns. */
export function overview(): string {
  return `forge: what operators do with CharaForge, from a terminal.

${rows(commandGroups().map(({ name, summary }) => [name, summary]))}

"forge COMMAND --help" says more. Each takes --json (one object a line),
--profile NAME (forge profile) and --local (the local cloud of \`npm run dev\`).
Exit: 0 done, 1 failed, 2 called wrongly, 130 Ctrl-C. NO_COLOR is honoured.
`
}

/** The commands of one group. */
export function groupHelp({ name, summary, commands }: CommandGroup): string {
  return `forge ${name}: ${summary}.

${rows(commands.map((command) => [command.synopsis, command.summary]))}

"forge ${commands[0].words.join(' ')} --help" explains one.
`
}

/** What `--help` says of one command. */
export function commandHelp({ usage, examples }: Command): string {
  return `${usage.trimEnd()}

Examples:
${examples.map((example) => `  ${example}`).join('\n')}
`
}

function rows(cells: readonly (readonly [string, string])[]): string {
  const width = Math.max(...cells.map(([name]) => name.length)) + 2
  return cells.map(([name, summary]) => `  ${name.padEnd(width)}${summary}`).join('\n')
}
