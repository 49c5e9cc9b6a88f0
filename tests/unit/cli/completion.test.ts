import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commands } from '../../../cli/commands.ts'
import { bashCompletion } from '../../../cli/completion/bash.ts'
import { fishCompletion } from '../../../cli/completion/fish.ts'
import { completedWords } from '../../../cli/completion/words.ts'
import { zshCompletion } from '../../../cli/completion/zsh.ts'
import { runForge } from '../../../cli/run-forge.ts'
import { captureOutput } from '../../support/capture-output.ts'

const words = completedWords(commands)

function has(program: string): boolean {
  try {
    execFileSync(program, ['-c', 'exit 0'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What bash offers for each line: the last word is the one that is being typed. */
function offered(lines: readonly (readonly string[])[]): string[][] {
  const asked = lines.map((line) => {
    const typed = line.map((word) => `'${word}'`).join(' ')
    return `COMP_WORDS=(forge ${typed}); COMP_CWORD=${line.length}; COMPREPLY=(); _forge; echo "\${COMPREPLY[*]}"`
  })
  const script = [bashCompletion(words), ...asked].join('\n')
  const said = execFileSync('bash', ['--norc', '--noprofile'], { input: script, encoding: 'utf8' })
  return said
    .split('\n')
    .slice(0, lines.length)
    .map((line) => line.split(' ').filter(Boolean))
}

const withBash = has('bash') ? test : test.skip

withBash('bash completes commands, options and the values of options, wherever the line stands', () => {
  const lines: [line: string[], offered: string[]][] = [
    [['mo'], ['models']],
    [['log'], ['login', 'logout']],
    [
      ['models', 's'],
      ['search', 'show', 'sync'],
    ],
    [['--local', 'models', 'se'], ['search']],
    [['--profile', 'models', 'profile', 'u'], ['use']],
    [
      ['--profile', 'prod', 'cache', 'u'],
      ['unpin', 'used'],
    ],
    [['models', 'search', '--ty'], ['--type']],
    [
      ['models', 'search', '--type', 'vae', '--ta'],
      ['--tag', '--task'],
    ],
    [
      ['models', 'search', '--sort', ''],
      ['popularity', 'downloads', 'rating', 'newest'],
    ],
    [['models', 'search', '--sort', '=', 'd'], ['downloads']],
    [
      ['models', 'search', '--sort', '='],
      ['popularity', 'downloads', 'rating', 'newest'],
    ],
    [['sync', '--type', 'l'], ['lora']],
    [
      ['train', '--type', ''],
      ['man', 'woman'],
    ],
    // Left to bash, which completes names of files.
    [['train', ''], []],
    [['models', 'add', './ra'], []],
    [['train', '--name', ''], []],
    [['no-such-command', '-'], []],
  ]
  expect(offered(lines.map(([line]) => line))).toEqual(lines.map(([, expected]) => expected))
})

withBash('bash offers every command, and every option of it', () => {
  const firstWords = offered([['']])[0]
  expect(firstWords).toEqual(expect.arrayContaining(commands.map(({ words: [first] }) => first)))
  const lines = commands.map((command) => [...command.words, '--'])
  for (const [index, options] of offered(lines).entries()) {
    const own = Object.keys(commands[index]?.options ?? {}).map((option) => `--${option}`)
    expect(options.toSorted()).toEqual([...own, '--help', '--json', '--local', '--profile'].toSorted())
  }
})

test.each([
  ['zsh', zshCompletion(words), ['-fn']],
  ['fish', fishCompletion(words), ['--no-execute']],
])('%s gets every command and option, in a script that it can read where it is there', (shell, script, check) => {
  for (const { name, options } of words.commands) {
    expect(script).toContain(name)
    for (const option of options) expect(script).toMatch(new RegExp(`(--|-l )${option.name}\\b`))
  }
  for (const { word } of words.firstWords) expect(script).toContain(word)
  if (!has(shell)) return
  const folder = mkdtempSync(join(tmpdir(), 'completion-'))
  try {
    writeFileSync(join(folder, 'forge'), script)
    execFileSync(shell, [...check, join(folder, 'forge')])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each(['bash', 'zsh', 'fish'])('forge completion %s says it, as text and as an object', async (shell) => {
  const run = async (...args: string[]) => {
    const { output, said } = captureOutput({ json: args.includes('--json') })
    expect(await runForge(args, { output, signal: new AbortController().signal })).toBe(0)
    return said.stdout
  }
  const text = await run('completion', shell)
  expect(text).toContain(`${shell} completion for forge`)
  expect(JSON.parse(await run('completion', shell, '--json'))).toEqual({ type: 'completion', shell, script: text })
})
