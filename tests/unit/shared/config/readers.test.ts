import { environment } from '#shared/config/environment.ts'
import { readSources } from '../../../support/architecture/source-files.ts'

test('every variable of the table is read somewhere: one that nobody reads must not exist', () => {
  const readers = readSources().filter(
    ({ path }) => /^(?:shared|services)\//.test(path) && !/^shared\/config\/variables\//.test(path),
  )
  const isRead = (name: string) => readers.some(({ text }) => new RegExp(`\\b${name}\\b`).test(text))
  // Google's clients look for it themselves; it is in the table to be documented and checked.
  const unread = Object.keys(environment).filter((name) => name !== 'METADATA_SERVER_DETECTION' && !isRead(name))
  expect(unread).toEqual([])
  expect(isRead('NO_SUCH_VARIABLE')).toBe(false)
})
