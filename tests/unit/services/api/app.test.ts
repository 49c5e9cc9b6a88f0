import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Packages and files that are loaded with a file: what it imports, and what that imports, but for `import()`. */
async function loadedWith(file: string): Promise<string[]> {
  const root = fileURLToPath(new URL('../../../../', import.meta.url))
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [file],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    splitting: true,
    outdir: 'none',
    external: ['@google-cloud/*', '@node-rs/*', 'express', 'jose', 'pino', 'sharp', 'zod', 'google-auth-library'],
  })
  const loaded = new Set<string>()
  const visit = (path: string) => {
    if (loaded.has(path)) return
    loaded.add(path)
    for (const one of metafile.inputs[path]?.imports ?? []) if (one.kind === 'import-statement') visit(one.path)
  }
  visit(file)
  return [...loaded]
}

test('the app is loaded without Google’s clients, sharp and jose: they are no part of a cold start', async () => {
  const loaded = await loadedWith('services/api/app.ts')
  expect(loaded).toEqual(expect.arrayContaining(['express', 'zod', 'services/api/endpoints/create-training.ts']))
  expect(loaded.filter((path) => /^(@google-cloud|@node-rs|sharp|jose|google-auth)/.test(path))).toEqual([])
  expect(loaded.filter((path) => path.startsWith('services/api/http/openapi'))).toEqual([])
})

test('control: what the endpoints work with is seen where it is loaded', async () => {
  expect(await loadedWith('services/api/requests/request-training.ts')).toContain('@google-cloud/firestore')
})
