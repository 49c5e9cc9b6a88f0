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
  // Each by itself: following the sources, as deploy/.shellcheckrc has it, takes four times as long.
  const alone = ['--norc', '--exclude=SC1091,SC2034,SC2154']
  const { status, stdout } = spawnSync('shellcheck', [...alone, ...files], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, ''])
})
