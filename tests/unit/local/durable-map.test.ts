import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDurableMap } from '#local/durable-map.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'durable-map-'))
  path = join(dir, 'deep', 'map.jsonl')
})
afterEach(() => rmSync(dir, { recursive: true }))

const parse = (json: unknown): number => {
  if (typeof json !== 'number') throw new TypeError('not a number')
  return json
}

function lines(): number {
  return readFileSync(path, 'utf8').split('\n').length - 1
}

test('what was put or deleted is so after a restart, without a close', () => {
  const map = openDurableMap(path, parse)
  map.put('a', 1)
  map.put('b\n', 2)
  map.put('a', 3)
  map.put('c', 4)
  map.delete('c')
  map.delete('never')
  const again = openDurableMap(path, parse)
  expect(again.entries()).toEqual([
    ['a', 3],
    ['b\n', 2],
  ])
  expect(again.size).toBe(2)
  map.close()
  again.close()
})

test('a change that was cut off by a kill did not happen', () => {
  const map = openDurableMap(path, parse)
  map.put('a', 1)
  map.close()
  appendFileSync(path, '["b",')
  const again = openDurableMap(path, parse)
  expect(again.entries()).toEqual([['a', 1]])
  again.put('c', 2)
  again.close()
  const last = openDurableMap(path, parse)
  expect(last.entries()).toEqual([
    ['a', 1],
    ['c', 2],
  ])
  last.close()
})

test('damage in the middle is said, not passed over', () => {
  openDurableMap(path, parse).close()
  writeFileSync(path, '["a",1]\n["b","text"]\n["c",3]\n')
  expect(() => openDurableMap(path, parse)).toThrow(`${path} is damaged at line 2`)
})

test('the file does not grow with changes of the same keys', () => {
  const map = openDurableMap(path, parse)
  for (let round = 0; round < 9_000; round += 1) map.put(`key-${round % 3}`, round)
  expect(lines()).toBeLessThan(2_100)
  map.close()
  const again = openDurableMap(path, parse)
  expect(again.get('key-2')).toBe(8_999)
  again.close()
})

test('without a path it lives in memory', () => {
  const map = openDurableMap(null, parse)
  map.put('a', 1)
  expect(map.get('a')).toBe(1)
  map.delete('a')
  expect(map.size).toBe(0)
  map.close()
})
