import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../deploy/', import.meta.url))
const isThere = spawnSync('shellcheck', ['--version']).status === 0
if (!isThere) console.log('skipped: no shellcheck')

;(isThere ? test : test.skip)('shellcheck has nothing to say about the scripts', () => {
  const files = ['', 'lib/'].flatMap((below) =>
    readdirSync(folder + below)
      .filter((name) => name.endsWith('.sh'))
      .map((name) => folder + below + name),
  )
  expect(files.length).toBeGreaterThan(10)
  const { status, stdout } = spawnSync('shellcheck', files, { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, ''])
})
