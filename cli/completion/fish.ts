import type { Completed } from './words.ts'

/** A completion for fish: a file `~/.config/fish/completions/forge.fish`, or `forge completion fish | source`. */
export function fishCompletion({ firstWords, secondWords, commands, valued }: Completed): string {
  const lines = [
    ...firstWords.map(({ word, summary }) => line('', `-f -a ${word} -d ${quoted(summary)}`)),
    line('', '-l help'),
    line('', '-l version'),
    ...[...secondWords].flatMap(([first, seconds]) => [
      ...seconds.map(({ word, summary }) => line(first, `-f -a ${word} -d ${quoted(summary)}`)),
      line(first, '-l help'),
    ]),
    ...commands.flatMap(({ name, options }) =>
      options.map((option) => {
        const choices = option.choices.length > 0 ? ` -x -a ${quoted(option.choices.join(' '))}` : ' -r'
        return line(name, `-l ${option.name}${option.takesValue ? choices : ''}`)
      }),
    ),
  ]
  return `# fish completion for forge; it is made of forge's own table of commands.
function __forge_command
    set -l command
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case ${valued.join(' ')}
                set skip yes
            case '-*'
            case '*'
                if test (count $command) -eq 0
                    set command $word
                else if test (count $command) -eq 1; and contains -- $command[1] ${[...secondWords.keys()].join(' ')}
                    set command $command $word
                end
        end
    end
    echo "$command"
end
${lines.join('\n')}
`
}

function line(command: string, rest: string): string {
  return `complete -c forge -n ${quoted(`string match -q -- ${quoted(command)} (__forge_command)`)} ${rest}`
}

/** fish takes a backslash before these between single quotes, unlike the others. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
