import { commonOptions, parseCall } from '../../../cli/command.ts'
import { commandGroups, commands } from '../../../cli/commands.ts'
import { runForge } from '../../../cli/run-forge.ts'
import { captureOutput } from '../../support/capture-output.ts'

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

async function run(args: string[]) {
  const { output, said } = captureOutput({ json: args.includes('--json') })
  const exitCode = await runForge(args, { output, signal: new AbortController().signal })
  return { exitCode, ...said }
}

test.each([[['--help']], [['help']], [[]], [['--profile', 'prod', '--help']]])(
  'forge %j: the overview fits a screen and names every command',
  async (args) => {
    const answer = await run(args)
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
    const lines = answer.stdout.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(24)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    for (const { words } of commands) expect(answer.stdout).toContain(`\n  ${words[0]}`)
  },
)

test.each(commandGroups().filter((group) => group.commands.length > 1))(
  'forge $name --help lists its commands, and without one of them that is a usage error',
  async ({ name, summary, commands: members }) => {
    const answer = await run([name, '--help'])
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
    expect(summary).not.toBe('')
    for (const { synopsis, summary: what } of members) {
      expect(answer.stdout).toMatch(new RegExp(`^ {2}${literal(synopsis)} +${literal(what)}$`, 'm'))
    }
    expect(await run(['help', name])).toEqual(answer)
    const alone = await run([name])
    expect(alone).toMatchObject({ exitCode: 2, stdout: '' })
    expect(alone.stderr).toBe(`Say what "forge ${name}" is to do.\n\n${answer.stdout}`)
  },
)

describe.each(commands.map((command) => [command.words.join(' '), command] as const))('%s', (name, command) => {
  test('explains itself without a project, and ends in examples', async () => {
    const answer = await run([...command.words, '--help'])
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
    expect(answer.stdout).toMatch(new RegExp(`^forge ${literal(name)}\\b`))
    expect(answer.stdout.endsWith(`\nExamples:\n  ${command.examples.join('\n  ')}\n`)).toBe(true)
    expect(await run(['-h', ...command.words])).toEqual(answer)
  })

  test('its help tells each of its options, and no other', () => {
    const told = new Set([...command.usage.matchAll(/(?<![\w-])--([a-z0-9][a-z0-9-]*)/g)].map(([, option]) => option))
    const own = Object.keys(command.options)
    const known = new Set([...own, ...Object.keys(commonOptions)])
    expect(own.filter((option) => !told.has(option))).toEqual([])
    // What a sentence says of other commands stands in quotes.
    const others = new Set(
      [...command.usage.matchAll(/"forge [^"]*"/g)].flatMap(([call]) => call.match(/[a-z0-9-]+/g) ?? []),
    )
    expect([...told].filter((option) => !known.has(option!) && !others.has(`--${option}`))).toEqual([])
    expect(Object.keys(command.choices ?? {}).filter((option) => !own.includes(option))).toEqual([])
  })

  test('called wrongly it says so in one JSON object, with exit code 2', async () => {
    const answer = await run([...command.words, '--no-such-option', '--json'])
    expect(answer).toMatchObject({ exitCode: 2, stderr: '' })
    expect(JSON.parse(answer.stdout)).toMatchObject({ type: 'error', code: 'usage' })
    expect(answer.stdout.split('\n')).toHaveLength(2)
  })

  test('its examples are calls of it, with options that it has', () => {
    expect(command.examples.length).toBeGreaterThan(0)
    for (const example of command.examples) {
      const words = example.replace(/ \|.*$/, '').match(/"[^"]*"|\S+/g) ?? []
      expect(words.slice(0, command.words.length + 1)).toEqual(['forge', ...command.words])
      const args = words.slice(command.words.length + 1)
      expect(() => parseCall(args, command.options, '')).not.toThrow()
    }
  })
})

test.each([
  ['an unknown command', ['images', 'destroy'], 'There is no command "images destroy".'],
  ['help on an unknown command', ['help', 'imges'], 'There is no command "imges".'],
  ['the same by an option', ['imges', 'process', '--help'], 'There is no command "imges process".'],
  ['an unknown command of a profile', ['--profile', 'prod', 'imges'], 'There is no command "imges".'],
  ['an unknown option', ['images', 'process', 'a', '--wach'], "Unknown option '--wach'."],
  ['nothing to work on', ['images', 'process'], 'Name at least one character.'],
  ['what is no id', ['images', 'process', 'a/b'], '"a/b" is no character\'s id.'],
  [
    'a folder that is none',
    ['train', '/nowhere', '--name', 'a', '--type', 'man'],
    '/nowhere cannot be read as a folder (ENOENT).',
  ],
  ['no folder', ['train', '--name', 'a', '--type', 'man'], 'Name one folder of photos, or --zip URL.'],
  ['a third sex', ['train', '/tmp', '--name', 'a', '--type', 'unisex'], 'Say --type man or --type woman.'],
  [
    'steps that are none',
    ['train', '/tmp', '--name', 'a', '--type', 'man', '--steps', '1'],
    '--steps takes a whole number from 3 to 6000, not "1".',
  ],
  ['no prompt', ['generate', 'm'], 'Say --prompt or --template, one of them.'],
  [
    'a folder that takes no pictures, before they are paid',
    ['generate', 'm', '--prompt', 'a moon', '--out', '/dev/null/pictures', '--token', 't'],
    'Nothing can be saved in /dev/null/pictures (ENOTDIR).',
  ],
  [
    'an API with a question in it',
    ['trainings', '--api', 'https://api.example/?v=1', '--token', 't'],
    'The URL of the API takes no user, no "?" and no "#".',
  ],
  [
    'a token in the clear',
    ['trainings', '--api', 'http://api.example', '--token', 't'],
    'The API has to be an https URL (http only on this machine).',
  ],
  ['a cancel of nothing', ['trainings', '--cancel'], 'Name the training that is to end.'],
  ['a path as a training', ['trainings', '../users'], '"../users" is no training\'s id.'],
  ['a path as a job', ['jobs', 'show', 'a/b'], '"a/b" is no job\'s id.'],
  ['nothing as a job', ['jobs', 'retry', 'a', ''], '"" is no job\'s id.'],
  ['the folder above as a model', ['models', 'show', '..', '--token', 't'], '".." is no model\'s id.'],
  ['a folder as a log', ['cache', 'used', '--log', '/dev'], '/dev is a folder.'],
  ['no training to purge', ['purge', 'training'], 'Name one training.'],
  ['a path as a user', ['purge', 'user', 'a/b'], '"a/b" is no user\'s id.'],
  ['two characters to purge', ['purge', 'character', 'a', 'b'], 'Name one character.'],
  [
    'a number that is none',
    ['images', 'backfill', '--limit', 'many'],
    '--limit takes a whole number from 1 to 100000, not "many".',
  ],
  [
    'a price that is none',
    ['images', 'backfill', '--price', 'cheap'],
    '--price takes PROVIDER=CREDITS or PROVIDER.STEP=CREDITS, not "cheap".',
  ],
  [
    'no model to sync',
    ['sync', '--watch'],
    'Name at least one model, or its source: --civitai, --huggingface or --url.',
  ],
  ['two sources', ['sync', '--url', 'https://a.b/c', '--civitai', '1'], 'Give one of --civitai and --url.'],
  ['a model and a source', ['sync', 'a', '--civitai', '1'], 'Give models by their ids or one by --civitai, not both.'],
  ['an id that is none', ['sync', 'a/b'], '"a/b" is no model\'s id.'],
  ['a hash of another source', ['sync', '--civitai', '1', '--sha256', 'ab'], '--sha256 only goes with --url.'],
  ['a hash that is none', ['sync', '--url', 'https://a.b/c', '--sha256', 'ab'], '--sha256 takes 64 hex characters.'],
  ['an address that is none', ['sync', '--url', 'a.b/c'], '--url takes an address that begins with https://.'],
  ['an address with a password', ['sync', '--url', 'https://a:b@c.d/e'], '--url must not contain a user or password.'],
  ['an empty address', ['sync', '--url', ' '], '--url takes an address that begins with https://.'],
  ['a name for what has one', ['sync', 'a', '--name', 'b'], '--name only goes with --civitai, --huggingface, --url.'],
  ['a type that is none', ['sync', '--civitai', '1', '--type', 'vae'], '--type takes model or lora, not "vae".'],
  ['a source to cancel', ['sync', '--civitai', '1', '--cancel'], '--cancel takes the ids of models.'],
  ['both ways of watching', ['sync', 'a', '--watch', '--no-watch'], 'Give one of --watch and --no-watch.'],
  ['a queue that is none', ['worker', 'run', '--only', 'api'], '--only takes images or models, not "api".'],
  ['a poll without a pause', ['worker', 'run', '--poll', '0'], '--poll takes a whole number from 1 to 3600, not "0".'],
  ['a service without a reconciler', ['reconcile', 'console'], '"console" has no reconciler.'],
])('%s is a usage error: 2, a sentence, nothing on standard output', async (_what, args, sentence) => {
  const answer = await run(args)
  expect(answer).toMatchObject({ exitCode: 2, stdout: '' })
  expect(answer.stderr.split('\n')[0]).toBe(sentence)
})

test('a usage error is a JSON object for those who read JSON', async () => {
  const answer = await run(['images', 'destroy', '--json'])
  expect(answer).toMatchObject({ exitCode: 2, stderr: '' })
  expect(JSON.parse(answer.stdout)).toEqual({
    type: 'error',
    code: 'usage',
    message: 'There is no command "images destroy".',
  })
})

test('options may stand before the command', async () => {
  expect(await run(['--local', 'images', 'process'])).toMatchObject({ exitCode: 2 })
  expect((await run(['--local', 'images', 'process'])).stderr).toMatch(/^Name at least one character\./)
})

test('--version says the version', async () => {
  expect(await run(['--version'])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test('reconcile says what it needs when it has neither queue nor address', async () => {
  const before = { ...process.env }
  Object.assign(process.env, {
    GOOGLE_CLOUD_PROJECT: 'test-project',
    STORAGE_BUCKET: 'app-bucket',
    METADATA_SERVER_DETECTION: 'none',
  })
  try {
    const answer = await run(['reconcile'])
    expect(answer.exitCode).toBe(2)
    expect(answer.stderr).toMatch(/^Give TASKS_QUEUE .* or SERVICE_URL alone\./)
  } finally {
    for (const name of ['GOOGLE_CLOUD_PROJECT', 'STORAGE_BUCKET', 'METADATA_SERVER_DETECTION']) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
})

test('help and version are objects too for those who read JSON', async () => {
  const help = await run(['sync', '--help', '--json'])
  expect(JSON.parse(help.stdout)).toMatchObject({
    type: 'help',
    about: 'sync',
    text: expect.stringMatching(/^forge sync/),
  })
  expect(JSON.parse((await run(['--version', '--json'])).stdout)).toEqual({
    type: 'version',
    version: expect.any(String),
  })
})
