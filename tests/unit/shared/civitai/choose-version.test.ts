import { chooseVersion } from '#shared/civitai/choose-version.ts'
import { modelSchema } from '#shared/civitai/model.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const weights = [{ id: 1, type: 'Model', metadata: { format: 'SafeTensor' }, primary: true }]
const training = [{ id: 2, type: 'Training Data', metadata: { format: 'Other' }, primary: true }]

function chosen(...versions: Record<string, unknown>[]): string | null {
  const modelVersions = versions.map((version) => ({ status: 'Published', files: weights, ...version }))
  const model = modelSchema.parse({ id: 5, type: 'LORA', modelVersions })
  return chooseVersion(model, { choice: {}, nowMs: NOW })?.id ?? null
}

const later = { earlyAccessEndsAt: '2026-06-02T00:00:00Z' }

test("takes the first of the model's page, in whatever order the answer has them", () => {
  expect(chosen({ id: 11, index: 1 }, { id: 10, index: 0 }, { id: 12, index: 2 })).toBe('10')
  expect(chosen({ id: 11 }, { id: 10 })).toBe('11')
})

test.each<[what: string, first: Record<string, unknown>]>([
  ['without files', { files: [] }],
  ['with training data only', { files: training }],
  ['that is a draft', { status: 'Draft' }],
  ['that is scheduled', { status: 'Scheduled' }],
  ['in early access', later],
])('passes over one %s', (_what, first) => {
  expect(chosen({ id: 10, index: 0, ...first }, { id: 11, index: 1 })).toBe('11')
})

test('takes one in early access where there is nothing else, and one whose early access is over', () => {
  expect(chosen({ id: 10, ...later }, { id: 11, files: training })).toBe('10')
  expect(chosen({ id: 10, earlyAccessEndsAt: '2026-05-31T00:00:00Z' }, { id: 11 })).toBe('10')
})

test('lists do not say a status; it counts as published', () => {
  expect(chosen({ id: 10, status: undefined })).toBe('10')
})

test('takes none where none has weights', () => {
  expect(chosen()).toBeNull()
  expect(chosen({ id: 10, files: training }, { id: 11, status: 'Deleted' })).toBeNull()
})

test('takes the first that has what was chosen', () => {
  const full = [{ id: 3, type: 'Model', metadata: { format: 'SafeTensor', size: 'full' } }]
  const modelVersions = [
    { id: 10, files: weights },
    { id: 11, files: full },
  ]
  const model = modelSchema.parse({ id: 5, modelVersions })
  expect(chooseVersion(model, { choice: { size: 'full' }, nowMs: NOW })?.id).toBe('11')
})
