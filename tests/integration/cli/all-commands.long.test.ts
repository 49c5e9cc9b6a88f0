import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { LOCAL_API_KEY, LOCAL_PASSWORD } from '#local/identity/accounts.ts'
import { freePort, type ServiceProcess, startService } from '#local/service-process.ts'
import { commands, findCommand } from '../../../cli/commands.ts'
import { Interrupted } from '../../../cli/interrupt.ts'
import { runForge } from '../../../cli/run-forge.ts'
import { captureOutput } from '../../support/capture-output.ts'
import { forgeHere, piped } from '../../support/forge.ts'
import { type ModelCloud, startModelCloud } from '../../support/model-cloud.ts'
import { until } from '../../support/until.ts'

/** A call of a command, in order: a later one may be about what an earlier one made. */
interface Call {
  args: readonly string[]
  exitCode: number
  /** What a pipe into it says. */
  input?: string
}

let world: ModelCloud
let api: ServiceProcess
let pubsub: Server
let env: Record<string, string>
let calls: Call[]

beforeAll(async () => {
  world = await startModelCloud({ service: true })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const apiEnv = {
    ...world.env,
    ...world.cloud.environmentFor(url),
    ...world.cloud.trainingEnvironment('http://127.0.0.1:1'),
    MODEL_SYNC_URL: world.env.SERVICE_URL ?? '',
  }
  api = await startService({ name: 'api', port, env: { PATH: process.env.PATH, ...apiEnv }, output: 'stderr' })
  // A subscription without a letter.
  pubsub = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1')
  await new Promise((resolve) => pubsub.once('listening', resolve))
  env = {
    ...world.env,
    FORGE_API_URL: url,
    FORGE_DATA_DIR: world.dataDir,
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${(pubsub.address() as AddressInfo).port}`,
    XDG_CONFIG_HOME: join(world.dataDir, 'config'),
  }
  const folder = join(world.dataDir, 'files')
  await mkdir(folder)
  await writeFile(join(folder, 'unknown.safetensors'), 'nobody knows it')
  await writeFile(join(folder, 'access.json'), '')

  const { civitai } = world.cloud.hubs
  const file = { content: { kind: 'safetensors', sizeBytes: 4096, seed: 7 } } as const
  const { id } = civitai.addModel({ name: 'Rain', type: 'LORA', versions: [{ files: [file] }] })
  await world.db.doc('ai_models/rain').set({ name: 'Rain', syncStatus: 'syncing', civitaiModelId: String(id) })
  await until(async () => (await world.db.doc('ai_models/rain').get()).get('syncStatus') === 'synced')

  const { identityUrl, tokenUrl } = world.cloud.signIn
  const profile = ['--api', url, '--api-key', LOCAL_API_KEY, '--identity-url', identityUrl, '--token-url', tokenUrl]
  const done = (...args: string[]): Call => ({ args, exitCode: 0 })
  const failed = (...args: string[]): Call => ({ args, exitCode: 1 })
  calls = [
    done('models', 'search', 'rain'),
    done('models', 'show', 'rain'),
    failed('models', 'show', 'nowhere'),
    done('models', 'add', `civitai:${id}`),
    done('models', 'ls'),
    done('models', 'edit', 'rain', '--tag', 'weather'),
    failed('models', 'edit', 'nowhere', '--name', 'x'),
    done('models', 'sync', 'rain'),
    failed('models', 'sync', 'nowhere'),
    done('models', 'updates'),
    done('models', 'loras', 'rain'),
    failed('models', 'identify', join(folder, 'unknown.safetensors')),
    done('cache', 'ls'),
    done('cache', 'du'),
    done('cache', 'clean', '--max-size', '0'),
    done('cache', 'pin', 'rain'),
    done('cache', 'unpin', 'rain'),
    done('cache', 'rm', 'rain'),
    done('cache', 'verify'),
    done('cache', 'used', '--log', join(folder, 'access.json')),
    done('sync', 'rain', '--watch'),
    failed('sync', 'nowhere'),
    done('models', 'rm', 'rain', '--yes'),
    failed('models', 'rm', 'rain', '--yes'),
    failed('images', 'process', 'nobody'),
    done('images', 'backfill', '--dry-run'),
    failed('train', '--zip', 'https://127.0.0.1/photos.zip', '--name', 'Ana', '--type', 'woman'),
    done('trainings'),
    failed('trainings', 'nowhere'),
    failed('generate', 'nowhere', '--prompt', 'a moon'),
    done('worker', 'run', '--once', '--only', 'models'),
    done('purge', 'character', 'nobody'),
    done('purge', 'training', 'nobody'),
    done('purge', 'user', 'nobody'),
    done('doctor'),
    done('reconcile', 'model-sync'),
    done('jobs', 'list'),
    failed('jobs', 'show', 'nowhere'),
    failed('jobs', 'retry', 'nowhere'),
    done('dead-letters', 'list'),
    done('dead-letters', 'replay'),
    done('profile', 'add', 'here', ...profile),
    done('profile', 'use', 'here'),
    done('profile', 'ls'),
    { ...failed('login', '--email', 'local-user@example.com'), input: 'wrong' },
    { ...done('login', '--email', 'local-user@example.com'), input: LOCAL_PASSWORD },
    done('logout'),
    done('profile', 'rm', 'here'),
    done('completion', 'bash'),
  ]
})

afterAll(async () => {
  await new Promise((resolve) => pubsub.close(resolve))
  await api.stop()
  await world.close()
})

test('no command is forgotten here', () => {
  const called = new Set(calls.map(({ args }) => findCommand(args)?.command))
  expect(commands.filter((command) => !called.has(command)).map(({ words }) => words.join(' '))).toEqual([])
})

test('with --json every command says one JSON object a line on standard output, and the exit code says how it went', async () => {
  for (const { args, exitCode, input } of calls) {
    const answer = await forgeHere([...args, '--json'], env, input)
    const lines = answer.stdout.split('\n')
    const call = args.join(' ')
    expect({ call, exitCode: answer.exitCode, last: lines.at(-1) }).toEqual({ call, exitCode, last: '' })
    for (const line of lines.slice(0, -1)) {
      expect({ call, object: JSON.parse(line) as unknown }).toEqual({
        call,
        object: expect.objectContaining({ type: expect.any(String) }),
      })
    }
    // Whatever failed says so in a word for programs.
    const word = /"(?:code|state|status)":"/
    if (exitCode === 1) expect({ call, said: answer.stdout }).toEqual({ call, said: expect.stringMatching(word) })
  }
})

/** What a terminal takes for a colour or a weight. */
const colours = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`)

async function runOnTerminal({ args, input = '' }: Call, variables: Record<string, string>): Promise<string> {
  process.env = { ...env }
  const { output, said } = captureOutput({ isTTY: true, env: variables })
  await runForge([...args], { output, input: piped(input), signal: new AbortController().signal })
  return said.stdout + said.stderr
}

test('NO_COLOR takes the colours out of every command, also on a terminal', async () => {
  const seen = new Set<unknown>()
  for (const call of calls) {
    const command = findCommand(call.args)?.command
    if (seen.has(command)) continue
    seen.add(command)
    const plain = await runOnTerminal(call, { NO_COLOR: '1' })
    expect({ args: call.args, isColoured: colours.test(plain) }).toEqual({ args: call.args, isColoured: false })
  }
  // Control: there are colours to be taken out.
  expect(await runOnTerminal({ args: ['sync', 'nowhere'], exitCode: 1 }, {})).toMatch(colours)
})

/** Over before anybody could press a key: a document or a file is read, or some are changed together. */
const momentary = [
  ...['cache used', 'reconcile model-sync', 'jobs list', 'jobs show', 'jobs retry'],
  ...['profile add', 'profile use', 'profile ls', 'profile rm', 'logout', 'completion bash'],
]

test('Ctrl-C is 130 for every command that takes its time, and standard output holds no half line', async () => {
  const interrupted = AbortSignal.abort(new Interrupted('Interrupted.'))
  const unheeded: string[] = []
  for (const { args, exitCode, input = '' } of calls) {
    process.env = { ...env }
    const { output, said } = captureOutput({ json: true })
    const code = await runForge([...args, '--json'], { output, input: piped(input), signal: interrupted })
    if (code !== 130) unheeded.push(args.slice(0, 2).join(' '))
    expect({ args, isKnown: code === 130 || code === exitCode }).toEqual({ args, isKnown: true })
    for (const line of said.stdout.split('\n').filter(Boolean)) JSON.parse(line)
  }
  expect(unheeded.filter((call) => !momentary.includes(call))).toEqual([])
})
