import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'
import { leanFirestore } from './lean-firestore.ts'

export interface ServiceSource {
  /** The service's `main.ts`. */
  entry: string
  /** Entries of worker threads: `*-worker.ts`, each with a name of its own. */
  workers: readonly string[]
  outDir: string
}

export interface BundleSize {
  file: string
  sizeBytes: number
  modules: number
  /** Bytes by package, largest first; our own code is `.`. */
  packages: [name: string, sizeBytes: number][]
}

/** What stays in node_modules: native code. */
export const EXTERNAL = ['sharp', '@node-rs/crc32']

/** Files of their own beside our code, each with the packages that it brings along. */
const CLIENT_FILES: Readonly<Record<string, readonly string[]>> = {
  'google-clients': ['@google-cloud/firestore', '@google-cloud/storage', 'google-auth-library'],
  // Apart, because only configurations that name secrets as sm://… ever load it.
  'secret-manager': ['@google-cloud/secret-manager'],
}

const IMPORT_META_URL = '__bundleUrl'

/**
 * Bundles a service: `main.cjs` (Node version, compile cache), `service.cjs` (our code and small libraries), Google's
 * clients (CLIENT_FILES) and one `.cjs` a worker thread. CommonJS and not minified: measured as the quickest start with Google's clients.
 */
export async function bundleService(source: ServiceSource): Promise<BundleSize[]> {
  const entryPoints = [
    { in: fileURLToPath(new URL('./launch.js', import.meta.url)), out: 'main' },
    ...Object.keys(CLIENT_FILES).map((file) => ({ in: `${CLIENT_ENTRY}${file}`, out: file })),
    { in: source.entry, out: 'service' },
    ...source.workers.map((worker) => ({ in: worker, out: basename(worker, '.ts') })),
  ]
  const { metafile } = await build({
    entryPoints,
    outdir: source.outDir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    // Beside the code for whoever wants them (`--enable-source-maps`); a start that reads them takes 100 ms longer, and
    // what is not minified has readable stacks without them.
    sourcemap: true,
    // The sources are in the repository; in the map they only double the image.
    sourcesContent: false,
    metafile: true,
    external: [...EXTERNAL, './service.cjs', ...Object.keys(CLIENT_FILES).map((file) => `./${file}.cjs`)],
    define: { 'import.meta.url': IMPORT_META_URL },
    banner: { js: `const ${IMPORT_META_URL} = require('node:url').pathToFileURL(__filename).href;` },
    plugins: [workersBesideTheBundle, clientsBesideTheBundle, leanFirestore],
    logLevel: 'warning',
  })
  return sizes(metafile)
}

/** In the sources a worker lies somewhere below the file that starts it; in the bundle it lies beside it. */
export const workersBesideTheBundle: Plugin = {
  name: 'workers-beside-the-bundle',
  setup(bundler) {
    bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const contents = await readFile(path, 'utf8')
      return { contents: pointAtBundledWorkers(contents), loader: 'ts' }
    })
  },
}

/** Rewrites `new URL('./far/away/x-worker.ts', import.meta.url)` to the bundled `x-worker.cjs`. */
export function pointAtBundledWorkers(code: string): string {
  return code.replaceAll(
    /new URL\(\s*'(?:[^'\n]*\/)?([\w-]+-worker)\.ts',\s*import\.meta\.url,?\s*\)/g,
    "new URL('./$1.cjs', import.meta.url)",
  )
}

/**
 * Our imports of Google's clients go to the files beside: nine tenths of the whole, and a service listens and answers
 * what is not for it without reading them. Each client is evaluated when it is first asked for.
 */
const clientsBesideTheBundle: Plugin = {
  name: 'clients-beside-the-bundle',
  setup(bundler) {
    for (const [file, packages] of Object.entries(CLIENT_FILES)) {
      bundler.onResolve({ filter: exactly([`${CLIENT_ENTRY}${file}`]) }, () => ({
        path: file,
        namespace: 'client-file',
      }))
      bundler.onResolve({ filter: exactly(packages) }, ({ path, importer, namespace }) => {
        if (namespace === 'client-file' || importer.includes('/node_modules/')) return null
        return { path, namespace: 'client', pluginData: file }
      })
    }
    bundler.onLoad({ filter: /.*/, namespace: 'client-file' }, ({ path }) => {
      const getters = CLIENT_FILES[path]?.map((name) => `get '${name}'() { return require('${name}') }`)
      return { contents: `module.exports = { ${getters?.join(',\n')} }`, loader: 'js', resolveDir: import.meta.dirname }
    })
    bundler.onLoad({ filter: /.*/, namespace: 'client' }, ({ path, pluginData: file }) => {
      return { contents: `module.exports = require('./${file}.cjs')['${path}']`, loader: 'js' }
    })
  },
}

/** Entry points that exist only here: `client-file:google-clients`. */
const CLIENT_ENTRY = 'client-file:'

function exactly(names: readonly string[]): RegExp {
  return new RegExp(`^(?:${names.join('|')})$`)
}

function sizes(metafile: Metafile): BundleSize[] {
  return Object.entries(metafile.outputs)
    .filter(([file]) => file.endsWith('.cjs'))
    .map(([file, output]) => {
      const packages = new Map<string, number>()
      for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
        const name = packageOf(path)
        packages.set(name, (packages.get(name) ?? 0) + bytesInOutput)
      }
      const largestFirst = [...packages].sort((left, right) => right[1] - left[1])
      return { file, sizeBytes: output.bytes, modules: Object.keys(output.inputs).length, packages: largestFirst }
    })
}

function packageOf(path: string): string {
  const inModules = path.split(`node_modules/`).at(-1)
  if (inModules === undefined || inModules === path) return '.'
  return inModules.split('/', inModules.startsWith('@') ? 2 : 1).join('/')
}

/** Where a service's bundle lies. */
export function bundleFolder(root: string, service: string): string {
  return join(root, 'dist', service)
}
