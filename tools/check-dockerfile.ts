// npm run check:dockerfile [-- Dockerfile.x [libjemalloc.so.2]]: does by hand, in a clean clone of HEAD, what `docker build` would do in the
// build stage: COPY into an empty folder, RUN with the paths of the image. What is marked [needs a container] is named and
// left out. Then starts the service as the final stage would, in a root without a shell (as root on Linux only). Slow (npm ci), so
// no part of npm test.
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyOf, parseDockerfile } from './build/dockerfile.ts'
import { tryFinalStage } from './build/final-stage.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'check-dockerfile-'))
const context = join(folder, 'context')
const app = join(folder, 'app')
const file = process.argv[2] ?? 'Dockerfile.image-worker'
const jemalloc = process.argv[3] ?? null
const service = file.replace(/^.*Dockerfile\./, '')

try {
  execFileSync('git', ['clone', '--quiet', root, context])
  const dockerfile = readFileSync(join(context, file), 'utf8')
  for (const instruction of parseDockerfile(dockerfile)) {
    const { keyword, rest } = instruction
    if (instruction.needsContainer) console.log(`left out: ${keyword} ${rest}`)
    else if (instruction.stage === 'build' && keyword === 'COPY') copy(copyOf(instruction))
    else if (instruction.stage === 'build' && keyword === 'RUN') run(rest)
  }
  const payload = join(folder, 'srv', service)
  console.log(`payload with its compile cache: ${(sizeOf(payload) / 1e6).toFixed(1)} MB`)
  if (process.getuid?.() === 0 && process.platform === 'linux') {
    console.log(`final stage: ${await tryFinalStage({ service, payload, root: join(folder, 'root'), jemalloc })}`)
  } else console.log('left out: the final stage; it takes root on Linux')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function sizeOf(path: string): number {
  const files = globSync(['**/*', '**/.*/**/*'], { cwd: path }).map((name) => statSync(join(path, name)))
  return files.reduce((bytes, one) => bytes + (one.isFile() ? one.size : 0), 0)
}

function copy({ sources, target }: { sources: string[]; target: string }): void {
  for (const source of sources) {
    const to = target.endsWith('/') ? join(app, target, source) : join(app, target)
    cpSync(join(context, source), to, { recursive: true })
  }
}

function run(command: string): void {
  const here = command.replaceAll('/srv/', `${folder}/srv/`).replaceAll('/app/', `${app}/`)
  console.log(`RUN ${command}`)
  const began = performance.now()
  // The image's node is 24; here it is what npm ci has brought.
  const path = [join(app, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  execFileSync('sh', ['-ec', here], { cwd: app, env: { ...process.env, PATH: path }, stdio: 'inherit' })
  console.log(`    ${((performance.now() - began) / 1000).toFixed(1)} s`)
}
