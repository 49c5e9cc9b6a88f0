import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { bundleFolder, EXTERNAL, workersBesideTheBundle } from '../tools/build/bundle-service.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const outdir = join(root, 'dist', 'bench')

/** Builds the service as `npm run build` does. Returns the file to start. */
export async function buildService(service: string): Promise<string> {
  await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'tools/build.ts'), service],
    { cwd: root },
  )
  return join(bundleFolder(root, service), 'main.cjs')
}

/** Bundles a program of the bench, and its worker threads, under the same conditions as a service: CommonJS, not minified, compile cache on. */
export async function buildProgram(entry: URL, workers: readonly URL[] = []): Promise<string> {
  const file = fileURLToPath(entry)
  const name = basename(file, '.ts')
  const threads = workers.map((worker) => fileURLToPath(worker))
  await build({
    entryPoints: [
      { in: file, out: `${name}-program` },
      ...threads.map((thread) => ({ in: thread, out: basename(thread, '.ts') })),
    ],
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: [...EXTERNAL],
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [workersBesideTheBundle],
    logLevel: 'warning',
  })
  // The cache only serves what is loaded after it is on (tools/build/launch.js does the same for services).
  const launch = `require('node:module').enableCompileCache(require('node:path').join(__dirname, '.compile-cache'))
require('./${name}-program.cjs')
`
  await writeFile(join(outdir, `${name}.cjs`), launch)
  return join(outdir, `${name}.cjs`)
}
