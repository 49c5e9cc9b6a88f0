import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDirectory } from '#local/directory-lock.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'directory-lock-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

const lock = (kind = 'bucket server') => lockDirectory(directory, kind)
const leave = (pid: string) => writeFileSync(join(directory, 'bucket-server.pid'), pid)

test('one server of a kind at a time has a directory; another kind may have it too', () => {
  const unlock = lock()

  expect(() => lock()).toThrow(`in use by another bucket server (process ${process.pid})`)
  lock('document server')()
  unlock()
  lock()()
})

test('a live process that has it is named, with what to do', () => {
  leave(String(process.ppid))

  expect(() => lock()).toThrow(
    /process \d+\): end that one, or name another directory with --data\..*remove .*bucket-server\.pid/,
  )
})

test.each([
  ['a process that is gone', '4194304'],
  ['an earlier process of our own number', String(process.pid)],
  ['a start that was killed', ''],
])('what %s left behind keeps nobody out', (_, pid) => {
  leave(pid)

  lock()()
})
