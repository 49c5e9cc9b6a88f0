import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const check = fileURLToPath(new URL('../../../tools/node-version.js', import.meta.url))

/** Runs the check in a process that takes itself for another version. */
function runAs(version: string) {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '${version}' })`
  const { status, stderr } = spawnSync(process.execPath, ['--import', pretend, '--import', check, '-e', ''], {
    encoding: 'utf8',
  })
  return { status, stderr }
}

test.each(['22.18.0', '22.21.1', '23.6.0', '24.0.0', '25.1.0'])('lets Node %s pass in silence', (version) => {
  expect(runAs(version)).toEqual({ status: 0, stderr: '' })
})

test.each(['18.20.0', '20.20.2', '22.17.9', '23.5.0'])('stops Node %s with one sentence', (version) => {
  const { status, stderr } = runAs(version)
  expect(status).toBe(1)
  expect(stderr).toMatch(/^This needs Node 22\.18 or newer.*\n$/)
})
