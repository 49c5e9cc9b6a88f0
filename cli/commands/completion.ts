import { type Command, parseCall, UsageError } from '../command.ts'

const shells = ['bash', 'zsh', 'fish'] as const

const usage = `forge completion bash|zsh|fish

Prints what has the shell complete forge's commands, options and their values. Put the line into the
shell's start-up file (~/.bashrc, ~/.zshrc, ~/.config/fish/config.fish).
`

export const completion: Command = {
  words: ['completion'],
  synopsis: 'completion SHELL',
  summary: 'have your shell complete commands and options',
  usage,
  options: {},
  isOffline: true,
  examples: ['forge completion bash', 'forge completion zsh > ~/.zfunc/_forge', 'forge completion fish | source'],
  async run(args, { output }) {
    const { positionals } = parseCall(args, {}, usage)
    const [name, ...rest] = positionals
    const shell = shells.find((known) => known === name)
    if (shell === undefined || rest.length > 0) throw new UsageError('Name your shell: bash, zsh or fish.', usage)
    const script = await scriptFor(shell)
    output.result({ type: 'completion', shell, script }, script.trimEnd())
    return true
  },
}

async function scriptFor(shell: (typeof shells)[number]): Promise<string> {
  const [{ commands }, { completedWords }] = await Promise.all([
    // The table has this command in it, so that it cannot be there before it.
    import('../commands.ts'),
    import('../completion/words.ts'),
  ])
  const words = completedWords(commands)
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.ts')).bashCompletion(words)
    case 'zsh':
      return (await import('../completion/zsh.ts')).zshCompletion(words)
    case 'fish':
      return (await import('../completion/fish.ts')).fishCompletion(words)
    default:
      return shell satisfies never
  }
}
