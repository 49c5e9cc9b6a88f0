import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { localBuckets } from '#local/cloud.ts'
import type { OfferedFile } from './source.ts'
import type { SyncWorld } from './sync-world.ts'

/** One way to get a file from the source into the bucket. */
export interface Contender {
  name: string
  /** @returns seconds. */
  copy(file: OfferedFile): Promise<number>
}

/** Everything that is known elsewhere; rclone only where it is installed. */
export async function openContenders(
  world: SyncWorld,
): Promise<Record<'ours' | 'pipe' | 'verified' | 'disk', Contender> & { rclone: Contender | null }> {
  return {
    ours: { name: 'model-sync', copy: (file) => world.sync(file) },
    pipe: program(world, 'fetch piped into the Storage client', 'pipe.ts'),
    verified: program(world, 'the same, read back and SHA-256', 'pipe-and-read-back.ts'),
    disk: program(world, 'to disk in 1 KiB blocks, then upload', 'by-disk.ts'),
    rclone: (await isInstalled('rclone')) ? rclone(world) : null,
  }
}

const run = promisify(execFile)

function program(world: SyncWorld, name: string, file: string): Contender {
  const path = fileURLToPath(new URL(`../baselines/copy/${file}`, import.meta.url))
  return {
    name,
    async copy({ url, sha256 }) {
      const args = ['--disable-warning=ExperimentalWarning', path, url, localBuckets.models, objectNameOf(file), sha256]
      const env = { PATH: process.env.PATH, STORAGE_EMULATOR_HOST: world.bucketUrl, METADATA_SERVER_DETECTION: 'none' }
      const { stdout } = await run(process.execPath, args, { env })
      return Number(stdout)
    },
  }
}

/** The whole process, for it has nothing to load. It compares no hash: the source states none that it knows. */
function rclone(world: SyncWorld): Contender {
  const name = 'rclone copyurl'
  const options = ['--gcs-anonymous', '--gcs-no-check-bucket', '--gcs-endpoint', `${world.bucketUrl}/storage/v1/`]
  return {
    name,
    async copy({ url }) {
      const target = `:gcs:${localBuckets.models}/${objectNameOf('rclone')}`
      const began = performance.now()
      await run('rclone', ['--config', '/dev/null', 'copyurl', url, target, ...options])
      return (performance.now() - began) / 1000
    },
  }
}

async function isInstalled(command: string): Promise<boolean> {
  return await run(command, ['version']).then(
    () => true,
    () => false,
  )
}

function objectNameOf(contender: string): string {
  return `bench/${contender}`
}
