// node tools/payload.ts <service> <folder>: puts what a service needs at run time into a folder, for its container:
// the bundle, and the packages that it asks for and doesn't hold (native code) with all that those need. Prints its weight.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleFolder, EXTERNAL } from './build/bundle-service.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const [service, folder] = process.argv.slice(2)
if (service === undefined || folder === undefined || !existsSync(bundleFolder(root, service))) {
  console.error('usage: node tools/payload.ts <service> <folder>, after npm run build')
  process.exit(1)
}

const target = resolve(folder)
await mkdir(target, { recursive: true })
for (const file of globSync('*.cjs', { cwd: bundleFolder(root, service) })) {
  await cp(join(bundleFolder(root, service), file), join(target, file))
}
const bundles = globSync('*.cjs', { cwd: target }).map((file) => readFileSync(join(target, file), 'utf8'))
const required = EXTERNAL.filter((name) => bundles.some((bundle) => bundle.includes(`require("${name}")`)))
for (const name of withTheirNeeds(required)) {
  await cp(join(root, 'node_modules', name), join(target, 'node_modules', name), { recursive: true })
}
console.log(`${target}: ${(sizeOf(target) / 1_000_000).toFixed(1)} MB`)

/** The packages and what they depend on, as far as it is installed: of the native ones only this platform's are. */
function withTheirNeeds(names: readonly string[]): Set<string> {
  const found = new Set<string>()
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const manifest = join(root, 'node_modules', name, 'package.json')
    if (found.has(name) || !existsSync(manifest)) continue
    found.add(name)
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'))
    open.push(...Object.keys({ ...dependencies, ...optionalDependencies }))
  }
  for (const name of names) if (!found.has(name)) throw new Error(`${name} is not installed.`)
  return found
}

function sizeOf(path: string): number {
  const files = globSync('**/*', { cwd: path }).map((file) => statSync(join(path, file)))
  return files.reduce((bytes, file) => bytes + (file.isFile() ? file.size : 0), 0)
}
