import {
  besideObjectName,
  extensionOf,
  folderObjectName,
  folderPrefix,
  modelObjectName,
} from '#shared/formats/object-name.ts'
import { processorMs } from '../../../support/processor-time.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

const nameOf = (name: string, versionId = '12') => modelObjectName({ name, versionId, extension: '.safetensors' })

describe('an ordinary name comes out by the contract, to the letter', () => {
  test.each([
    ['My Model v2', 'models/My_Model_v2/12.safetensors'],
    ['  two  spaces ', 'models/__two__spaces_/12.safetensors'],
    ['DreamShaper XL1.0 (Turbo) & more!', 'models/DreamShaper_XL1.0_(Turbo)_&_more!/12.safetensors'],
    ['Flux: "Dev" <+> 100%', 'models/Flux:_"Dev"_<+>_100%/12.safetensors'],
    ['v1.0.', 'models/v1.0./12.safetensors'],
    ['...', 'models/.../12.safetensors'],
    ['.hidden', 'models/.hidden/12.safetensors'],
    ['Café 日本語 モデル', 'models/Café_日本語_モデル/12.safetensors'],
    ['👩‍👩‍👧 family 🏳️‍🌈', 'models/👩‍👩‍👧_family_🏳️‍🌈/12.safetensors'],
    ['😀'.repeat(200), `models/${'😀'.repeat(200)}/12.safetensors`],
    ['', 'models/model/12.safetensors'],
  ])('%j → %s', (name, expected) => {
    expect(nameOf(name)).toBe(expected)
  })

  test('and so do its version and extension', () => {
    expect(modelObjectName({ name: 'a', versionId: '128713', extension: '.ckpt' })).toBe('models/a/128713.ckpt')
    expect(modelObjectName({ name: 'a', versionId: '', extension: '' })).toBe('models/a/unversioned')
    expect(folderPrefix({ name: 'My Model', versionId: 'a1b2c3' })).toBe('models/My_Model/a1b2c3/')
  })
})

describe('a name that cannot stay keeps what it can and gets a hash', () => {
  test.each<[name: string, kept: RegExp]>([
    ['a/b', /^a_b-/],
    ['../../etc/passwd', /^\.\._\.\._etc_passwd-/],
    ['..', /^__-/],
    ['.', /^_-/],
    ['a\\b', /^a_b-/],
    ['gs://bucket/*', /^gs:__bucket__-/],
    ['what? [new] #2', /^what__[_]new__[_]2-/],
    ['tab\there\r\nline\0null', /^tab_here__line_null-/],
    ['line\u2028separator\u0085next', /^line_separator_next-/],
    ['evil\u202Egpj.exe', /^evil_gpj\.exe-/],
    ['zero\u200Bwidth\uFEFF', /^zero_width_-/],
    ['lone \uD800 surrogate', /^lone___surrogate-/],
    ['Cafe\u0301', /^Café-/],
    ['x'.repeat(801), /^x{791}-/],
    ['.well-known/acme-challenge/x', /^\.well-known_acme-challenge_x-/],
  ])('%j', (name, kept) => {
    const folder = nameOf(name).split('/')[1] ?? ''
    expect(folder).toMatch(kept)
    expect(folder).toMatch(/-[0-9a-f]{8}$/)
    expect(nameOf(name)).toBe(nameOf(name))
  })

  test('so that names which would become the same stay apart', () => {
    const names = ['a/b', 'a\\b', 'a?b', 'a#b', 'a_b', 'a\uD800b', 'a\uD801b', 'a\uDC00b']
    expect(new Set(names.map((name) => nameOf(name))).size).toBe(names.length)
    const long = ['é', 'ü'].map((end) => nameOf('x'.repeat(900) + end))
    expect(long[0]).not.toBe(long[1])
  })

  test('and is cut between characters as people see them', () => {
    const family = '👨‍👩‍👧‍👦'
    const folder = nameOf(family.repeat(200)).split('/')[1] ?? ''
    const count = Math.floor((800 - 9) / Buffer.byteLength(family))
    expect(folder.slice(0, -9)).toBe(family.repeat(count))
  })

  test('even where one character alone is too long', () => {
    const folder = nameOf(`e${'\u0323\u0300'.repeat(5000)}`).split('/')[1] ?? ''
    expect(Buffer.byteLength(folder)).toBeLessThanOrEqual(800)
    expect(Buffer.byteLength(folder)).toBeGreaterThan(780)
  })

  test('also as a version', () => {
    expect(nameOf('m', 'refs/pr/1')).toMatch(/^models\/m\/refs_pr_1-[0-9a-f]{8}\.safetensors$/)
    expect(nameOf('m', '..')).toMatch(/^models\/m\/__-[0-9a-f]{8}\.safetensors$/)
    expect(modelObjectName({ name: 'm', versionId: '1', extension: '/../x' })).toBe('models/m/1')
  })
})

/** What is wrong with an object's name. */
function faults(object: string): string[] {
  const parts = object.split('/')
  const checks: Record<string, boolean> = {
    'too long': Buffer.byteLength(object) > 1024 - 9,
    'not Unicode': !object.isWellFormed() || object.normalize('NFC') !== object,
    unsafe: /[\\#?[\]*\p{Cc}\p{Cs}\p{Zl}\p{Zp} ]/u.test(object),
    elsewhere: parts[0] !== 'models' || parts.length !== (object.endsWith('.json') ? 4 : 3),
    'a way out': parts.some((part) => part === '' || part === '.' || part === '..'),
  }
  return Object.keys(checks)
    .filter((name) => checks[name])
    .map((name) => `${name}: ${JSON.stringify(object)}`)
}

test('an unsafe name would be found', () => {
  const unsafe = [
    'models/a/b#',
    'models/../b',
    'models/a b/c',
    'models/a',
    `models/${'x'.repeat(1100)}/b`,
    'models/e\u0301/b',
  ]
  for (const name of unsafe) expect(faults(name)).toHaveLength(1)
  expect(faults('models/a/b.safetensors')).toEqual([])
})

test('whatever people type becomes a name that Cloud Storage and its tools take', () => {
  const random = seededRandom(0xc0ffee)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  const anyUnit = () => String.fromCharCode(Math.floor(random() * 0x10000))
  const anyPoint = () => String.fromCodePoint(Math.floor(random() * 0x110000))
  const kinds = [
    anyUnit,
    anyPoint,
    () => pick([...'/\\.#?[]* _-\0\n\u202E\u0301']),
    () => pick(['👩‍👩‍👧', 'é', 'e\u0301', '..', 'a']),
  ]
  const seen = new Map<string, string>()
  for (let run = 0; run < 1000; run += 1) {
    const length = Math.floor(random() ** 4 * 1200)
    const name = Array.from({ length }, () => pick(kinds)()).join('')
    const version = Array.from({ length: Math.floor(random() * 80) }, () => pick(kinds)()).join('')
    const objects = [nameOf(name, version), `${folderPrefix({ name, versionId: version })}model_index.json`]
    // One expectation for all: thousands of them are slower than what they look at.
    expect(objects.flatMap(faults)).toEqual([])
    // Two names give one folder only where the contract says so: a space is as good as `_`.
    const folder = nameOf(name).split('/')[1] ?? ''
    const contractName = name.replaceAll(' ', '_') || 'model'
    if ((seen.get(folder) ?? contractName) !== contractName) throw new Error(`two names are ${JSON.stringify(folder)}`)
    seen.set(folder, contractName)
  }
  expect(seen.size).toBeGreaterThan(600)
})

test('a megabyte of name takes no time', () => {
  const startedAt = processorMs()
  for (const unit of ['a', '\u0301', '👩‍👩‍👧', '/']) nameOf(unit.repeat(1_000_000 / unit.length))
  expect(processorMs() - startedAt).toBeLessThan(1000)
})

describe('a file of a folder', () => {
  const prefix = folderPrefix({ name: 'm', versionId: '1' })

  test.each([
    'model_index.json',
    'unet/diffusion_pytorch_model.fp16.safetensors',
    'file #2 [a]?.txt',
    '.gitattributes',
    '...',
    'a..b/c',
  ])('keeps its path: %s', (path) => {
    expect(folderObjectName(prefix, path)).toBe(`models/m/1/${path}`)
  })

  test.each([
    '',
    '/etc/passwd',
    '..',
    '../x',
    'a/../../b',
    'a/..',
    './a',
    'a/./b',
    'a//b',
    'a/',
    'a\\b',
    '..\\x',
    'C:/x',
    'c:x',
    'a\0b',
    'a\nb',
    'a\u2028b',
    'a\uD800',
    'x'.repeat(1025),
    'x'.repeat(1020),
  ])('is refused: %j', (path) => {
    expect(() => folderObjectName(prefix, path)).toThrow(
      expect.objectContaining({
        code: 'model.bad-path',
        retryable: false,
        message: expect.not.stringContaining('passwd'),
      }),
    )
  })
})

test.each<[path: string, format: Parameters<typeof extensionOf>[1], extension: string]>([
  ['a/model.safetensors', undefined, '.safetensors'],
  ['model.CKPT', undefined, '.ckpt'],
  ['model.ckpt', 'safetensors', '.safetensors'],
  ['model.ckpt', 'pickle', '.ckpt'],
  ['model', 'gguf', '.gguf'],
  ['model', undefined, ''],
  ['model.exe', undefined, ''],
  ['model.tar.gz', undefined, ''],
  ['.safetensors', undefined, ''],
  ['a.safetensors/model', undefined, ''],
])('the extension of %s (%s) is %j', (path, format, extension) => {
  expect(extensionOf(path, format)).toBe(extension)
})

test.each([
  ['models/m/12.safetensors', 'models/m/12-0a1b2c3d.safetensors'],
  ['models/m.v1/12', 'models/m.v1/12-0a1b2c3d'],
  ['models/m/.x', 'models/m/.x-0a1b2c3d'],
  ['models/m/12. of many words', 'models/m/12. of many words-0a1b2c3d'],
])('other content beside %s is %s', (name, expected) => {
  expect(besideObjectName(name, '0a1b2c3d')).toBe(expected)
})
