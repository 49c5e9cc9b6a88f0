import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commands } from '../../../cli/commands.ts'
import { fishCompletion } from '../../../cli/completion/fish.ts'
import { completedWords } from '../../../cli/completion/words.ts'
import { zshCompletion } from '../../../cli/completion/zsh.ts'

const words = completedWords(commands)

/** A line, and what the shell offers for its last word. In the folder lies one file. */
const lines: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['forge mo', ['models']],
  ['forge ', words.firstWords.map(({ word }) => word)],
  ['forge --', ['--help', '--version']],
  ['forge models s', ['search', 'show', 'sync']],
  ['forge models --h', ['--help']],
  ['forge "models" se', ['search']],
  ['forge --local cache u', ['unpin', 'used']],
  ['forge --profile models profile u', ['use']],
  ["forge --profile 'my own' models se", ['search']],
  ['forge --profile=prod models se', ['search']],
  ['forge models search --type vae --ta', ['--tag', '--task']],
  ['forge models search --sort ', ['popularity', 'downloads', 'rating', 'newest']],
  ['forge models search --sort=d', ['downloads']],
  ['forge models show civitai:123@456 --lo', ['--local']],
  ["forge models show 'two words' --lo", ['--local']],
  ['forge train --type ', ['man', 'woman']],
  ['forge train ', ['rain.safetensors']],
  ['forge train --name ra', ['rain.safetensors']],
  ['forge train --name=ra', ['rain.safetensors']],
  ['forge no-such-command --', []],
]

let folder: string
let home: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'))
  home = mkdtempSync(join(tmpdir(), 'completion-home-'))
  writeFileSync(join(folder, 'rain.safetensors'), '')
  writeFileSync(join(home, 'lines'), lines.map(([line]) => `${line}\n`).join(''))
})

afterEach(() => {
  for (const each of [folder, home]) rmSync(each, { recursive: true })
})

/** Runs a shell without anybody's own settings. */
function run(shell: string, args: string[]): string {
  const env = { PATH: `${home}:${process.env.PATH}`, HOME: home, TERM: 'dumb', LC_ALL: 'C.UTF-8' }
  return execFileSync(shell, args, { cwd: folder, env, encoding: 'utf8', timeout: 30_000 })
}

function withShell(shell: string) {
  const isThere = spawnSync(shell, ['-c', 'exit 0']).status === 0
  if (!isThere) console.log(`skipped: no ${shell}`)
  return isThere ? test : test.skip
}

/** What is told of one line begins with `> ` and a line's end. */
const answersOf = (said: string) => said.split(/^> .*\n/m).slice(1)

/** A line's answer: each match in a line of its own. */
const matchesOf = (answer: string) => answer.split('\n').filter(Boolean).toSorted()

const expected = lines.map(([line, offered]) => [line, offered.toSorted()])

/**
 * In a terminal of its own: the line editor completes each line and tells what was offered, then what the line had become.
 * The script is loaded as a file `_forge` of $fpath, and by `eval` for the last line.
 */
const zshDriver = (script: string) => `
fpath=($HOME $fpath)
autoload -Uz compinit && compinit -D -u
said=$HOME/said
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a matches
  builtin compadd -A matches "$@"
  print -rl -- $matches >>$said
  builtin compadd "$@"
}
complete-line() {
  BUFFER=$1 CURSOR=$#1
  print -r -- "> $1" >>$said
  zle complete-word
  print -r -- "= $BUFFER" >>$said
}
zle-line-init() {
  local line
  for line in "\${(@f)$(<$HOME/lines)}"; do complete-line $line; done
  unfunction _forge; compdef -d forge
  complete-line 'forge models se'
  eval "$(<${script})"
  complete-line 'forge models se'
  exit
}
zle -N zle-line-init
`

withShell('zsh')('zsh completes commands, options, their values and files, wherever the line stands', () => {
  const script = join(home, '_forge')
  writeFileSync(script, zshCompletion(words))
  writeFileSync(join(home, 'driver'), zshDriver(script))
  const inTerminal = 'zmodload zsh/zpty; zpty z zsh -fi; zpty -w z "source $HOME/driver"; while zpty -r z; do :; done'
  run('zsh', ['-f', '-c', inTerminal])

  const answers = answersOf(readFileSync(join(home, 'said'), 'utf8')).map((answer) => {
    const [matches = '', line] = answer.split(/^= /m)
    return { matches: matchesOf(matches), line: line?.trimEnd() }
  })
  const [withoutScript, evaluated] = answers.splice(-2)
  expect(answers.map(({ matches }, index) => [lines[index]?.[0], matches])).toEqual(expected)
  expect(answers[lines.findIndex(([line]) => line.endsWith('=d'))]?.line).toBe('forge models search --sort=downloads')
  expect(withoutScript?.matches).not.toContain('search')
  expect(evaluated).toEqual({ matches: ['search'], line: 'forge models search' })
})

withShell('fish')('fish completes commands, options, their values and files, wherever the line stands', () => {
  const completions = join(home, '.config/fish/completions')
  mkdirSync(completions, { recursive: true })
  writeFileSync(join(completions, 'forge.fish'), fishCompletion(words))
  // It reads no file about a command that is not there.
  writeFileSync(join(home, 'forge'), '#!/bin/sh', { mode: 0o755 })
  const tellAll = `
    while read -l line
      echo "> $line"
      complete -C $line | string replace -r '\\t.*' ''
    end <$HOME/lines
    true`
  const answers = answersOf(run('fish', ['-c', tellAll])).map((answer) =>
    // It offers the whole word.
    matchesOf(answer).map((match) => match.replace(/^--[a-z]+=/, '')),
  )
  expect(answers.map((matches, index) => [lines[index]?.[0], matches])).toEqual(expected)
})
