import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SERVICES } from '#shared/config/variable.ts'
import { copyOf, parseDockerfile } from '../../../tools/build/dockerfile.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const files = globSync('Dockerfile.*', { cwd: root }).sort()
const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')

test('there is a Dockerfile for each service', () => {
  expect(files).toEqual(SERVICES.map((service) => `Dockerfile.${service}`).sort())
})

describe.each(files)('%s', (file) => {
  const instructions = parseDockerfile(readFileSync(join(root, file), 'utf8'))
  const copies = instructions.filter(({ keyword }) => keyword === 'COPY').map(copyOf)

  test('copies only what exists and what .dockerignore lets through', () => {
    const sources = copies.filter(({ from }) => from === null).flatMap((copy) => copy.sources)
    expect(sources.length).toBeGreaterThan(0)
    for (const source of sources) {
      expect([source, existsSync(join(root, source))]).toEqual([source, true])
      expect(ignored).toContain(`!${source.split('/')[0]}`)
    }
  })

  test('copies between stages only from one that exists', () => {
    const stages = new Set(instructions.map(({ stage }) => stage))
    for (const { from } of copies) if (from !== null) expect(stages).toContain(from)
  })

  const last = instructions.at(-1)?.stage
  const final = instructions.filter(({ stage }) => stage === last)
  const rest = (keyword: string) => final.findLast((one) => one.keyword === keyword)?.rest ?? ''

  test('runs as somebody who is not root: the one who filled the compile cache', () => {
    // In node's own image `node` has this id.
    expect(instructions.findLast(({ stage, keyword }) => stage === 'build' && keyword === 'USER')?.rest).toBe('node')
    expect(rest('USER')).toBe('1000:1000')
  })

  test('has neither a shell nor anything that would need one in its final stage', () => {
    expect(rest('FROM')).toBe('gcr.io/distroless/cc-debian12')
    expect(final.map(({ keyword }) => keyword)).not.toContain('RUN')
    for (const command of [rest('CMD'), rest('HEALTHCHECK').replace(/^.* CMD /, '')]) {
      expect(JSON.parse(command)).toEqual(expect.arrayContaining(['/usr/local/bin/node']))
    }
  })

  test('runs on the very Node that compiled its code, of one exact version and of the same Debian', () => {
    const [base = ''] = instructions.filter(({ keyword }) => keyword === 'FROM').map((one) => one.rest)
    expect(base).toMatch(/^node:24\.\d+\.\d+-bookworm-slim AS build$/)
    const fromBuild = copies.filter(({ from }) => from === 'build').map(({ sources: [source] }) => source)
    expect(fromBuild).toContain('/usr/local/bin/node')
  })
})

test('reads stages, joined lines and marks', () => {
  const text =
    'FROM a AS one\n# [needs a container] why\nRUN x \\\n  && y\nCOPY --chown=n:n a b ./\nFROM b\nCOPY --from=one /c /d\n'
  const [, run, copy, , between] = parseDockerfile(text)
  expect(run).toEqual({ stage: 'one', keyword: 'RUN', rest: 'x && y', needsContainer: true })
  expect(copy && copyOf(copy)).toEqual({ from: null, sources: ['a', 'b'], target: './' })
  expect(between?.needsContainer).toBe(false)
  expect(between && [between.stage, copyOf(between)]).toEqual(['1', { from: 'one', sources: ['/c'], target: '/d' }])
})
