import { type Completed, quoted } from './words.ts'

/** A completion for zsh: a file `_forge` in $fpath, or `eval "$(forge completion zsh)"` after compinit. */
export function zshCompletion({ firstWords, secondWords, commands, valued }: Completed): string {
  const described = (words: readonly { word: string; summary: string }[]) =>
    words.map(({ word, summary }) => quoted(`${word}:${summary.replaceAll(':', '\\:')}`)).join(' ')
  const lists = [
    `    '') list=(${described(firstWords)}) options=(--help --version) ;;`,
    ...[...secondWords].map(
      ([first, seconds]) => `    ${quoted(first)}) list=(${described(seconds)}) options=(--help) ;;`,
    ),
    ...commands.map(
      ({ name, options: own }) =>
        `    ${quoted(name)}) options=(${own.map((option) => `--${option.name}`).join(' ')}) ;;`,
    ),
  ]
  const choices = commands.flatMap(({ name, options: own }) =>
    own.flatMap((option) =>
      option.choices.length > 0
        ? [`      ${quoted(`${name} --${option.name}`)}) compadd -- ${option.choices.map(quoted).join(' ')}; return ;;`]
        : [],
    ),
  )
  return `#compdef forge
# zsh completion for forge; it is made of forge's own table of commands.
_forge() {
  local command='' word skip='' option=\${(Q)words[CURRENT-1]}
  local -a list options
  for word in "\${(@Q)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=''; continue; fi
    case $word in
      ${valued.join('|')}) skip=1 ;;
      -*) ;;
      *)
        case $command in
          '') command=$word ;;
          ${[...secondWords.keys()].map(quoted).join('|')}) command="$command $word" ;;
        esac
        ;;
    esac
  done
  if [[ $PREFIX == --*=* ]]; then
    option=\${PREFIX%%=*} skip=1
    compset -P 1 '*='
  fi
  if [[ -n $skip ]]; then
    case "$command $option" in
${choices.join('\n')}
    esac
    _files
    return
  fi
  case $command in
${lists.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    compadd -- $options
  elif (( $#list )); then
    _describe -t commands 'forge command' list
  else
    _files
  fi
}
if [[ $funcstack[1] == _forge ]]; then _forge "$@"; else compdef _forge forge; fi
`
}
