import { parseModelName, parseModelVersion } from '#shared/replicate/model-version.ts'
import { readTrainingResult } from '#shared/replicate/training-result.ts'

const id = '925da5f563c07bb620a3bf3cc2185079b1cfc7d62f47a9c234e67dbc36eab738'
const weights = 'https://replicate.delivery/xezq/example/trained_model.tar'
const destination = { owner: 'our-owner', name: 'our-model' }
const named = { owner: 'example-owner', name: 'example-lora', versionId: id }

test.each<[output: unknown, version: unknown, weightsUrl: string | null]>([
  [{ version: `example-owner/example-lora:${id}`, weights }, named, weights],
  [{ version: id, weights }, { ...destination, versionId: id }, weights],
  [{ version: null, weights }, null, weights],
  [{ version: `example-owner/example-lora:${id}` }, named, null],
  [{ version: 'example-owner/example-lora', weights: null }, null, null],
  [{ version: 7, weights: 8 }, null, null],
  [{ version: `a/b/c:${id}`, weights: 'file:///etc/passwd' }, null, null],
  [{ version: `a/b:${id.toUpperCase()}`, weights: 'trained_model.tar' }, null, null],
  [weights, null, weights],
  [[weights], null, null],
  [null, null, null],
  [true, null, null],
  ['', null, null],
])('the output %j', (output, version, weightsUrl) => {
  expect(readTrainingResult(output, destination)).toEqual({ version, weightsUrl })
})

test.each(['', 'a:b', `:${id}`, `a/b:${id}:${id}`, `../b:${id}`, `a/..:${id}`, `a/b?x=1:${id}`, `a /b:${id}`, id])(
  '%s names no version',
  (text) => {
    expect(parseModelVersion(text)).toBeNull()
  },
)

test('a model is owner and name', () => {
  expect(parseModelName('ostris/flux-dev-lora-trainer')).toEqual({ owner: 'ostris', name: 'flux-dev-lora-trainer' })
  expect([parseModelName('ostris'), parseModelName('a/b/c'), parseModelName('/b')]).toEqual([null, null, null])
})
