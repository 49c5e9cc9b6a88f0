import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyOf, parseDockerfile } from '../../../tools/build/dockerfile.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const files = globSync('Dockerfile.*', { cwd: root })
const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')

test('there is a Dockerfile to check', () => {
  expect(files).toContain('Dockerfile.image-worker')
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

  test('runs as somebody who is not root, on one exact Node version', () => {
    const last = instructions.at(-1)?.stage
    expect(instructions.findLast(({ stage, keyword }) => stage === last && keyword === 'USER')?.rest).toBe('node')
    const bases = instructions.filter(({ keyword }) => keyword === 'FROM').map(({ rest }) => rest.split(' ')[0])
    expect(new Set(bases).size).toBe(1)
    expect(bases[0]).toMatch(/^node:24\.\d+\.\d+-/)
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
