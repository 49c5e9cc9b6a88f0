import { type Completed, quoted } from './words.ts'

/** A completion for bash 3.2 and later: `eval "$(forge completion bash)"`. */
export function bashCompletion({ firstWords, secondWords, commands, valued }: Completed): string {
  const wordLists: readonly (readonly [at: string, words: readonly string[]])[] = [
    ["''", [...firstWords.map(({ word }) => word), '--help', '--version']],
    ...[...secondWords].map(
      ([first, seconds]) => [quoted(first), [...seconds.map(({ word }) => word), '--help']] as const,
    ),
    ...commands.map(({ name, options }) => [quoted(name), options.map((option) => `--${option.name}`)] as const),
  ]
  const choiceLists = commands.flatMap(({ name, options }) =>
    options.flatMap((option) =>
      option.choices.length > 0 ? [[quoted(`${name} --${option.name}`), option.choices] as const] : [],
    ),
  )
  return `# bash completion for forge; it is made of forge's own table of commands.
_forge() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' words='' skip='' word i
  # "--type=lora" is three words to bash.
  if [[ $current == '=' ]]; then current=''; elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $skip ]]; then [[ $word == '=' ]] || skip=''; continue; fi
    case $word in
      ${valued.join(' | ')}) skip=1 ;;
      -*) ;;
      *)
        case $command in
          '') command=$word ;;
          ${[...secondWords.keys()].map(quoted).join(' | ')}) command="$command $word" ;;
        esac
        ;;
    esac
  done
  case "$command $previous" in
${choiceLists.map(([at, choices]) => `    ${at}) words=${quoted(choices.join(' '))} ;;`).join('\n')}
  esac
  if [[ -z $words ]]; then
    # What is left to bash are names of files.
    [[ -z $skip ]] || return 0
    case $command in
${wordLists.map(([at, words]) => `      ${at}) words=${quoted(words.join(' '))} ;;`).join('\n')}
    esac
    [[ $words != --* || $current == -* ]] || return 0
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _forge forge
`
}
