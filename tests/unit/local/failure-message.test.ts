import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { failureMessage } from '#local/failure-message.ts'

async function readingFails(path: string): Promise<unknown> {
  return await readFile(path).then(
    () => null,
    (error) => error,
  )
}

test('a file that is not there is named in a sentence', async () => {
  const path = join(tmpdir(), 'nobody-has-this', 'picture.png')
  expect(failureMessage(await readingFails(path), 'upload')).toBe(`There is no file ${path}.`)
})

test('a folder where a file is read is told as one', async () => {
  expect(failureMessage(await readingFails(tmpdir()), 'upload')).toBe('A folder was named where a file is read.')
})

test('a taken port is told with the option that takes another one', () => {
  const taken = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', port: 9199 })
  expect(failureMessage(taken, 'dev')).toMatch(/^Port 9199 is taken.*--port-offset 1000/)
  expect(failureMessage(taken, 'bucket')).toMatch(/^Port 9199 is taken.*`--port` takes another/)
})

test('any other reason is told as it is', () => {
  expect(failureMessage(new Error('The disk is full.'), 'dev')).toBe('The disk is full.')
})
