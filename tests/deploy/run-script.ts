import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FakeProject } from './fake-project.ts'
import { startShims } from './fake-shims.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface ScriptRun {
  status: number | null
  stdout: string
  stderr: string
}

export type Script = 'setup' | 'deploy' | 'destroy' | 'doctor'

/** A fake project, and the scripts of deploy/ run against it. */
export interface DeployWorld {
  project: FakeProject
  /** Ended early by SIGTERM where `signal` is aborted. */
  run(script: Script, args?: string[], input?: string, signal?: AbortSignal): Promise<ScriptRun>
  /** Writes the settings anew. */
  configure(settings: Record<string, string>): Promise<void>
  close(): Promise<void>
}

export async function startDeployWorld(settings: Record<string, string> = {}): Promise<DeployWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-'))
  const project = new FakeProject()
  const server = await startShims(project, folder)
  const config = join(folder, 'config.env')
  const configure = (given: Record<string, string>) => {
    const lines = Object.entries({ PROJECT_ID: 'demo-proj', APP_BUCKET: 'demo-app', ...given })
    return writeFile(config, lines.map(([name, value]) => `${name}=${value}\n`).join(''))
  }
  await configure(settings)
  return {
    project,
    configure,
    run: (script, args = [], input = '', signal) =>
      new Promise((resolve) => {
        const child = spawn(join(root, 'deploy', `${script}.sh`), ['--config', config, ...args], {
          env: {
            ...process.env,
            PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
            TMPDIR: folder,
            PROPAGATION_PAUSE: '0',
            PROPAGATION_TRIES: '3',
            CANARY_PAUSE: '0',
            CANARY_LOOKS: '1',
            CANARY_ROUNDS: '2',
          },
        })
        const said = { stdout: '', stderr: '' }
        child.stdout.on('data', (chunk) => {
          said.stdout += chunk
        })
        child.stderr.on('data', (chunk) => {
          said.stderr += chunk
        })
        child.stdin.end(input)
        signal?.addEventListener('abort', () => child.kill('SIGTERM'))
        child.on('close', (status) => resolve({ status, ...said }))
      }),
    async close() {
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
