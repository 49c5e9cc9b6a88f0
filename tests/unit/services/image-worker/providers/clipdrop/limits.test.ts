import { parseCredits } from '../../../../../../services/image-worker/providers/clipdrop/clipdrop-call.ts'
import { clampTarget } from '../../../../../../services/image-worker/providers/clipdrop/clipdrop-upscale-provider.ts'

test.each([
  ['1', 1],
  [' 99 ', 99],
  ['0.2', 0.2],
  ['0', 0],
  [undefined, null],
  ['', null],
  ['one', null],
  ['-1', null],
  ['1e3', null],
  ['Infinity', null],
  ['1, 1', null],
])('credits %j are %j', (text, expected) => {
  expect(parseCredits(text)).toBe(expected)
})

test.each([
  [
    { width: 2048, height: 1024 },
    { width: 2048, height: 1024 },
  ],
  [
    { width: 4096, height: 4096 },
    { width: 4096, height: 4096 },
  ],
  [
    { width: 8192, height: 4096 },
    { width: 4096, height: 2048 },
  ],
  [
    { width: 3000, height: 9000 },
    { width: 1365, height: 4096 },
  ],
  [
    { width: 20000, height: 1 },
    { width: 4096, height: 1 },
  ],
  [
    { width: 1, height: 1 },
    { width: 1, height: 1 },
  ],
])('the target %j is asked for as %j', (target, asked) => {
  expect(clampTarget(target)).toEqual(asked)
})
