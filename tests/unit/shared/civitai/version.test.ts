import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { modelSchema } from '#shared/civitai/model.ts'
import { isInEarlyAccess, versionSchema } from '#shared/civitai/version.ts'

const read = (version: object) => versionSchema.parse({ id: 456, ...version })
const recorded = (name: string) => JSON.parse(readFileSync(`tests/fixtures/civitai/${name}.json`, 'utf8'))

test('reads a recorded version', () => {
  expect(versionSchema.parse(recorded('model-version.1387174'))).toEqual({
    id: '1387174',
    modelId: '1231067',
    name: 'v1.0',
    baseModel: 'Flux.1 D',
    status: 'Published',
    availability: null,
    usageControl: 'Download',
    earlyAccess: null,
    publishedAt: new Date('2025-02-08T11:29:04.487Z'),
    index: null,
    trainedWords: ['ppstorybook'],
    model: { name: 'Vivid Impressions Storybook Style', type: 'LORA', mode: null, showsRealPerson: false },
    files: [
      {
        id: '1289799',
        name: 'pp-storybook_rank2_bf16.safetensors',
        type: 'Model',
        sizeBytes: 19_281_048,
        format: 'safetensors',
        size: null,
        fp: null,
        hashes: {
          sha256: '9753338ab693ca82bf89ed77a5d1912879e40051463ec6e330fb9866ce798668',
          autoV2: '9753338ab6',
          crc32: 'b3e75aa6',
        },
        isPrimary: true,
        virusScan: 'success',
        pickleScan: 'success',
      },
    ],
  })
})

test('reads a recorded model, its versions with its id', () => {
  const model = modelSchema.parse(recorded('model.1231067'))
  expect(model).toMatchObject({ id: '1231067', name: 'Vivid Impressions Storybook Style', type: 'LORA', mode: null })
  expect(model.versions).toMatchObject([{ id: '1387174', modelId: '1231067', index: 0, model: null }])
})

test('reads every model of a recorded list, whose dates have no zone and mean UTC', () => {
  const { items } = recorded('models-search.checkpoints') as { items: { modelVersions: { publishedAt: string }[] }[] }
  for (const item of items) {
    const { versions } = modelSchema.parse(item)
    expect(versions.map(({ publishedAt }) => publishedAt?.toISOString())).toEqual(
      item.modelVersions.map(({ publishedAt }) => `${publishedAt}Z`),
    )
    for (const { files } of versions) expect(files.every((file) => file.hashes.sha256?.length === 64)).toBe(true)
  }
  expect(items.length).toBeGreaterThan(2)
})

test.each<[publishedAt: unknown, read: string | null]>([
  ['2025-05-19T02:43:46.31', '2025-05-19T02:43:46.310Z'],
  ['2025-05-19T02:43:46+02:00', '2025-05-19T00:43:46.000Z'],
  ['2025-05-19', '2025-05-19T00:00:00.000Z'],
  ['soon', null],
  [17, null],
  [null, null],
])('the date %j is %j', (publishedAt, expected) => {
  expect(read({ publishedAt }).publishedAt?.toISOString() ?? null).toBe(expected)
})

test('a date without a zone is UTC wherever we run', () => {
  const program = `
    import { optionalDate } from './shared/civitai/lenient.ts'
    console.log(new Date(0).getTimezoneOffset(), optionalDate.parse('2025-05-19T02:43:46').toISOString())`
  const env = { ...process.env, TZ: 'Asia/Tokyo' }
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { env, encoding: 'utf8' })
  expect(printed).toBe('-540 2025-05-19T02:43:46.000Z\n')
})

test('trigger words are trimmed, and each is there once', () => {
  expect(read({ trainedWords: [' a ', '', 'b', 'a', 7, null] }).trainedWords).toEqual(['a', 'b'])
  expect(read({ trainedWords: null }).trainedWords).toEqual([])
})

test('one odd file or version does not lose the others', () => {
  const odd = [null, { name: 'without an id' }, { id: 1 }]
  expect(read({ files: odd }).files).toHaveLength(1)
  expect(modelSchema.parse({ id: 5, modelVersions: odd }).versions).toHaveLength(1)
  expect(modelSchema.parse({ id: 5, modelVersions: null, mode: 'OfNextYear' })).toMatchObject({
    versions: [],
    name: '5',
  })
})

test.each([{}, { id: 'x' }, { id: 0 }, { id: 1.5 }, [], null, 'x'])('%j is no version', (body) => {
  expect(versionSchema.safeParse(body).success).toBe(false)
})

const published = { publishedAt: '2026-01-01T00:00:00Z' }
const endsAt = new Date('2026-01-08T00:00:00Z')

test.each<[version: object, earlyAccess: object | null]>([
  [{ earlyAccessEndsAt: endsAt.toISOString() }, { endsAt, isPermanent: false }],
  [
    { ...published, earlyAccessTimeFrame: 7 },
    { endsAt, isPermanent: false },
  ],
  [{ paidAccess: { permanent: false, endsAt: '2026-01-08T00:00:00' } }, { endsAt, isPermanent: false }],
  [{ paidAccess: { permanent: true, endsAt: null } }, { endsAt: null, isPermanent: true }],
  [{ availability: 'EarlyAccess' }, { endsAt: null, isPermanent: false }],
  [
    { availability: 'EarlyAccess', earlyAccessEndsAt: endsAt.toISOString() },
    { endsAt, isPermanent: false },
  ],
  [{ ...published, earlyAccessTimeFrame: 0 }, null],
  [{ paidAccess: null, earlyAccessEndsAt: null, earlyAccessConfig: null }, null],
])('%j is early access %j', (version, earlyAccess) => {
  expect(read(version).earlyAccess).toEqual(earlyAccess)
})

test('early access is over at its end, and one that is for sale for good never is', () => {
  const at = (version: object, nowMs: number) => isInEarlyAccess(read(version), nowMs)
  const timed = { earlyAccessEndsAt: endsAt.toISOString() }
  expect(at(timed, endsAt.getTime() - 1)).toBe(true)
  expect(at(timed, endsAt.getTime())).toBe(false)
  expect(at({ paidAccess: { permanent: true } }, Number.MAX_SAFE_INTEGER)).toBe(true)
  expect(at({}, 0)).toBe(false)
})
