import { filesTable, planText, shortId, sumText } from '../../../../cli/cache/cache-text.ts'
import { findFile } from '../../../../cli/cache/find-file.ts'
import type { CachedFileRecord } from '../../../../cli/cache/records.ts'
import { cleanReportText, isAllRight, verifyReportText } from '../../../../cli/cache/report-text.ts'
import { captureOutput } from '../../../support/capture-output.ts'

const MiB = 1024 * 1024
const { output } = captureOutput()

function file(digit: string, fields: Partial<CachedFileRecord> = {}): CachedFileRecord {
  return {
    file_id: digit.repeat(64),
    uri: `gs://models/models/${digit}/1.safetensors`,
    size_bytes: 10 * MiB,
    sha256: digit.repeat(64),
    last_used_at: '2026-03-01T12:34:56.000Z',
    pinned: false,
    leased_until: null,
    models: [],
    ...fields,
  }
}

test('files are a table: who they are, how large, when used, what keeps them, and whose they are', () => {
  const files = [
    file('a', {
      models: [
        { model_id: 'm1', name: 'Rain' },
        { model_id: 'm2', name: null },
      ],
    }),
    file('b', { pinned: true, leased_until: '2026-03-02T13:00:00Z', last_used_at: null, size_bytes: 7 * 1024 * MiB }),
    file('c', { leased_until: '2026-03-02T11:00:00Z', file_id: `hf-${'c'.repeat(32)}` }),
  ]
  expect(filesTable(files, new Date('2026-03-02T12:00:00Z'))).toBe(
    `
FILE          SIZE      LAST USED         STATE           MODELS
aaaaaaaaaaaa  10.0 MiB  2026-03-01 12:34  -               Rain, m2
bbbbbbbbbbbb  7.00 GiB  never             pinned, leased  gs://models/models/b/1.safetensors
hf-cccccccc   10.0 MiB  2026-03-01 12:34  -               gs://models/models/c/1.safetensors`.trimStart(),
  )
})

test('an id is short enough to read and long enough to tell', () => {
  expect(['f'.repeat(64), `civitai-${'1'.repeat(32)}`].map(shortId)).toEqual(['ffffffffffff', 'civitai-11111111'])
})

test('a plan says of each file whether it goes, and why it stays', () => {
  const plan = {
    max_bytes: 15 * MiB,
    keep_recent: 0,
    evict: [file('a')],
    keep: [
      { file: file('b'), why: 'pinned' },
      { file: file('c'), why: 'fits' },
    ],
    freed_bytes: 10 * MiB,
    freed_space_gb: 0.01,
  }
  expect(planText(output, plan)).toBe(
    `
               FILE          SIZE      LAST USED         MODELS
evict          aaaaaaaaaaaa  10.0 MiB  2026-03-01 12:34  gs://models/models/a/1.safetensors
keep (pinned)  bbbbbbbbbbbb  10.0 MiB  2026-03-01 12:34  gs://models/models/b/1.safetensors
keep (fits)    cccccccccccc  10.0 MiB  2026-03-01 12:34  gs://models/models/c/1.safetensors

1 file to evict, 10.0 MiB (at most 15.0 MiB); 2 to keep.`.slice(1),
  )
  expect(planText(output, { ...plan, evict: [], keep: [], freed_bytes: 0, max_bytes: null })).toBe(
    '0 files to evict, 0 bytes (no limit); 0 to keep.',
  )
})

test('the sum shows how full the bucket is, with what is promised', () => {
  const none = { count: 0, bytes: 0 }
  const page = { used_bytes: 60 * MiB, reserved_bytes: 20 * MiB, trained_bytes: 10 * MiB, limit_bytes: 100 * MiB }
  const sum = { page, files: { count: 5, bytes: 50 * MiB }, pinned: { count: 1, bytes: 10 * MiB }, leased: none }
  expect(sumText(output, sum)).toBe(
    `
used        60.0 MiB  of 100 MiB
  files     50.0 MiB  5 files
    pinned  10.0 MiB  1 file
    leased  0 bytes   0 files
  trained   10.0 MiB  never evicted
reserved    20.0 MiB  by copies under way
${'█'.repeat(32)}${'░'.repeat(8)}  80 %`.trimStart(),
  )
  const uncounted = { ...page, used_bytes: null, trained_bytes: null, limit_bytes: null }
  expect(sumText(output, { ...sum, page: uncounted })).toMatch(/^used +not counted yet +no limit\n[^█]*$/)
})

describe('a file is found', () => {
  const files = [
    file('a', { file_id: `abcdef1${'0'.repeat(57)}`, models: [{ model_id: 'rain', name: 'Rain' }] }),
    file('b', { file_id: `abcdef2${'0'.repeat(57)}` }),
  ]
  const find = (text: string) => findFile(files, text, 'usage')

  test.each([
    ['its id', `abcdef1${'0'.repeat(57)}`, 0],
    ['the beginning of it', 'abcdef2', 1],
    ['its address', 'gs://models/models/b/1.safetensors', 1],
    ['a model of it', 'rain', 0],
  ])('by %s', (_what, text, index) => {
    expect(find(text)).toBe(files[index])
  })

  test.each([
    ['what fits several', 'abcdef', '"abcdef" means 2 files; give more of the id.'],
    ['what is too short to be meant', 'abcd', 'The cache has no file "abcd".'],
    ['what fits none', 'Rain', 'The cache has no file "Rain".'],
  ])('but not by %s', (_what, text, sentence) => {
    expect(() => find(text)).toThrow(sentence)
  })
})

test('a clean-up is told in a line', () => {
  const kept = { file_id: 'a', uri: 'gs://a/b', bytes: 1, models: [], why: 'fits' }
  const report = { deleted_count: 2, freed_space_gb: 0, freed_bytes: 20 * MiB, kept_models: [kept], spared_count: 0 }
  expect(cleanReportText(output, report)).toBe('2 files evicted, 20.0 MiB freed; 1 kept.')
  expect(cleanReportText(output, { ...report, spared_count: 1 })).toMatch(
    / 1 file came into use meanwhile and stayed\.$/,
  )
})

describe('a verification', () => {
  const good = {
    checked_files: 3,
    checked_bytes: 30 * MiB,
    repaired: false,
    findings: [],
    findings_count: 0,
    drift_bytes: 0,
  }
  const found = (kind: string) => ({
    kind,
    uri: 'gs://models/models/a',
    file_id: null,
    models: ['rain'],
    bytes: null,
    detail: 'It is not there.',
  })

  test('without a finding is good', () => {
    expect(verifyReportText(output, good)).toBe('3 files (30.0 MiB) checked: all is as it should be.')
    expect(verifyReportText(output, { ...good, drift_bytes: -MiB })).toMatch(/ The books were 1\.00 MiB too low\.$/)
    expect(isAllRight(good)).toBe(true)
  })

  test('tells its findings, and what to do about them', () => {
    const bad = { ...good, findings: [found('missing')], findings_count: 2 }
    expect(verifyReportText(output, bad)).toBe(
      `
FINDING  WHERE                 MODELS
missing  gs://models/models/a  rain    It is not there.

3 files (30.0 MiB) checked: 2 findings (the first 1 are shown). --repair puts right what can be.`.trimStart(),
    )
    expect(isAllRight(bad)).toBe(false)
  })

  test('that has repaired what it found leaves only what nobody can', () => {
    const repaired = { ...good, repaired: true, findings: [found('missing'), found('adopted')], findings_count: 2 }
    expect(isAllRight(repaired)).toBe(true)
    expect(isAllRight({ ...repaired, findings: [found('missing'), found('stray')] })).toBe(false)
  })
})
