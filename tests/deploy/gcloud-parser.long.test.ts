import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FakeProject } from './fake-project.ts'
import { mendable } from './harm.ts'
import { type Script, startDeployWorld } from './run-script.ts'

/** Where the real gcloud lies; null where there is none. */
function sdkRoot(): string | null {
  try {
    const root = execFileSync('gcloud', ['info', '--format=value(installation.sdk_root)'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return root
  } catch {
    return null
  }
}

const root = sdkRoot()
const parser = fileURLToPath(new URL('./judge-with-gcloud.py', import.meta.url))
if (root === null) console.log('skipped: no gcloud')

/**
 * What the real gcloud objects to: commands that it does not understand, and what it would print otherwise. Files that a command
 * would write are opened in `folder` while it is read.
 */
function objections(folder: string, given: { commands: string[][]; prints?: FakeProject['prints'] }): unknown[] {
  const said = execFileSync('python3', [parser, root ?? ''], {
    input: JSON.stringify({ prints: [], ...given }),
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, CLOUDSDK_CORE_DISABLE_PROMPTS: '1' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  return said
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** Commands that a page has in a block, or with a flag within a sentence. */
function commandsOf(page: string): string[][] {
  const text = readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^ *```sh\n(.*?)^ *```/gms)].flatMap(([, block = '']) => block.split('\n'))
  const inSentences = [...text.matchAll(/`(gcloud [^`]* --[^`]*)`/g)].map(([, command = '']) => command)
  return [...blocks, ...inSentences]
    .flatMap((line) => line.replace(/\s+#.*/, '').split('&&'))
    .map((command) => [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? ''))
    .filter(([program]) => program === 'gcloud')
    .map(([, ...argv]) => argv)
}

;(root === null ? test.skip : test)(
  'the real gcloud understands every command of every script and of the guides, and prints what the fake one prints',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-specs-'))
    const world = await startDeployWorld({
      BILLING_ACCOUNT: '012345-6789AB-CDEF01',
      BUDGET_AMOUNT: '100USD',
      ALERT_EMAIL: 'ops@example.com',
      CORS_ORIGINS: 'https://app.example',
    })
    try {
      for (const secret of ['replicate-api-token', 'replicate-webhook-secrets']) world.project.fillSecret(secret)
      const run = async (script: Script, ...args: string[]) => {
        const { status, stderr } = await world.run(script, args)
        expect([script, status, status === 0 ? '' : stderr]).toEqual([script, 0, ''])
      }
      await run('setup')
      await run('deploy')
      // Whatever is set otherwise is set right by a command of its own.
      for (const { does } of mendable) does(world.project)
      await run('setup')
      await run('deploy', '--no-canary')
      await run('doctor')
      await run('destroy', '--yes', '--with-data')
      // What the commands named lay in a folder that is gone; gcloud reads and checks it here.
      for (const [path, text] of world.project.files) {
        mkdirSync(join(folder, dirname(path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      const isKept = (path: string) => world.project.files.has(path)
      const commands = world.project.calls.map(({ argv }) =>
        argv.map((word) =>
          word.replace(/(^|=)(\/.+)$/, (all, before, path) => (isKept(path) ? `${before}${folder}${path}` : all)),
        ),
      )
      const inPages = ['deploy', 'runbook', 'secrets'].flatMap(commandsOf)
      expect(inPages.length).toBeGreaterThan(15)
      const distinct = [...new Map([...commands, ...inPages].map((argv) => [argv.join('\0'), argv])).values()]
      expect(distinct.length).toBeGreaterThan(100)
      const prints = new Map(world.project.prints.map((one) => [JSON.stringify(one), one]))
      // The judge judges.
      const wrong = ['iam', 'service-accounts', 'create', 'x', '--no-such-flag=1']
      const wrongPrint = { rows: [{ name: 'a' }], format: 'value(name)', stdout: 'b' }
      const found = objections(folder, { commands: [...distinct, wrong], prints: [...prints.values(), wrongPrint] })
      expect(found).toEqual([
        { argv: wrong, said: expect.any(String) },
        { format: 'value(name)', gcloud: 'a\n', fake: 'b' },
      ])
    } finally {
      await world.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  300_000,
)
