// Bundles every service (or those named on the command line) into dist/<service>/ and prints what each weighs.
import { existsSync, globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SERVICES } from '#shared/config/variable.ts'
import { type BundleSize, bundleFolder, bundleService } from './build/bundle-service.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const wanted = process.argv.slice(2)
const services = SERVICES.filter((service) => existsSync(join(root, 'services', service, 'main.ts')))
const unknown = wanted.filter((name) => !services.some((service) => service === name))

if (unknown.length > 0) {
  console.error(`There is no service ${unknown.join(', ')}; there are: ${services.join(', ')}.`)
  process.exit(1)
}

for (const service of services) {
  if (wanted.length > 0 && !wanted.includes(service)) continue
  const folder = join(root, 'services', service)
  const outDir = bundleFolder(root, service)
  await rm(outDir, { recursive: true, force: true })
  const workers = globSync('**/*-worker.ts', { cwd: folder }).map((worker) => join(folder, worker))
  const sizes = await bundleService({ entry: join(folder, 'main.ts'), workers, outDir })
  for (const size of sizes) console.log(sizeLine(size))
}

function sizeLine({ file, sizeBytes, modules, packages }: BundleSize): string {
  const largest = packages.slice(0, 4).map(([name, bytes]) => `${name === '.' ? 'ours' : name} ${megabytes(bytes)}`)
  return `${file}: ${megabytes(sizeBytes)} MB, ${modules} modules (${largest.join(', ')})`
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(2)
}
