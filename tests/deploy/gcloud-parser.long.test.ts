import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startDeployWorld } from './run-script.ts'

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
const parser = fileURLToPath(new URL('./parse-commands.py', import.meta.url))
if (root === null) console.log('skipped: no gcloud')

function refused(commands: string[][]): { argv: string[]; said: string }[] {
  const said = execFileSync('python3', [parser, root ?? ''], {
    input: JSON.stringify(commands),
    encoding: 'utf8',
    env: { ...process.env, CLOUDSDK_CORE_DISABLE_PROMPTS: '1' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  return said
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

;(root === null ? test.skip : test)(
  'the real gcloud understands every command of every script',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-specs-'))
    const world = await startDeployWorld({ BILLING_ACCOUNT: '012345-6789AB-CDEF01', BUDGET_AMOUNT: '100USD' })
    try {
      for (const secret of ['replicate-api-token', 'replicate-webhook-secrets']) world.project.fillSecret(secret)
      for (const [script, args] of [
        ['setup', []],
        ['deploy', []],
        ['deploy', ['--no-canary']],
        ['doctor', []],
        ['destroy', ['--yes', '--with-data']],
      ] as const) {
        expect([script, (await world.run(script, [...args])).status]).toEqual([script, 0])
      }
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
      const distinct = [...new Map(commands.map((argv) => [argv.join('\0'), argv])).values()]
      expect(distinct.length).toBeGreaterThan(100)
      expect(refused(distinct)).toEqual([])
      // The judge judges.
      expect(refused([['iam', 'service-accounts', 'create', 'x', '--no-such-flag=1']])).toHaveLength(1)
    } finally {
      await world.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  300_000,
)
