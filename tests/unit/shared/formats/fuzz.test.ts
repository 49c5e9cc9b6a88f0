import { AppError } from '#shared/errors/app-error.ts'
import { checkModelStart } from '#shared/formats/check-model-start.ts'
import { readSafetensorsHeader } from '#shared/formats/safetensors.ts'
import { safetensorsFacts } from '#shared/formats/safetensors-facts.ts'
import { processorMs } from '../../../support/processor-time.ts'
import { readerOf, safetensorsFile, tensorEntries } from '../../../support/safetensors-file.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

const metadata = {
  format: 'pt',
  'modelspec.architecture': 'stable-diffusion-xl-v1-base/lora',
  ss_tag_frequency: '{"10_x":{"ohwx":12,"1girl":12}}',
  ss_resolution: '(1024, 1024)',
}
const entries = tensorEntries({
  'lora_unet_input_blocks_4_1_attn2_to_k.lora_down.weight': ['F16', 4, 16],
  'lora_te1_text_model.alpha': ['F32'],
  empty: ['I64', 0],
})
const original = safetensorsFile({ __metadata__: metadata, ...entries }, 132)
const headerBytes = original.length - 132 - 8

/** What a hostile or broken writer may put in the place of a piece. */
const inserts = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ' ',
  '\0',
  '-',
  '9',
  '1e999',
  '18446744073709551616',
  'null',
  '"__proto__":',
].concat(['"dtype"', '"shape":[', '{"a":{"a":', '\u{202E}', '\\ud800', '\n'])

function mutated(random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit)
  let bytes = Buffer.from(original)
  for (let change = below(4); change >= 0; change -= 1) {
    const at = 8 + below(headerBytes)
    switch (below(6)) {
      case 0:
        bytes[at] = below(256)
        break
      case 1:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(inserts[below(inserts.length)] ?? ''),
          bytes.subarray(at),
        ])
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(20))])
        break
      case 3: {
        const piece = bytes.subarray(at, at + below(100))
        bytes = Buffer.concat([bytes.subarray(0, at), piece, piece, bytes.subarray(at)])
        break
      }
      case 4:
        bytes = Buffer.from(bytes.subarray(0, below(bytes.length)))
        break
      default:
        // Another digit somewhere: a shape, an offset, a count.
        for (let index = at; index < bytes.length; index += 1) {
          const byte = bytes[index] ?? 0
          if (byte < 0x30 || byte > 0x39) continue
          bytes[index] = 0x30 + below(10)
          break
        }
    }
  }
  if (bytes.length < 8) return bytes
  // Mostly the length fits what follows, so that what follows is looked at.
  const length =
    random() < 0.9 ? BigInt(Math.max(0, bytes.length - 132 - 8)) : BigInt(below(2 ** 32)) << BigInt(below(33))
  bytes.writeBigUInt64LE(length)
  return bytes
}

/** Of this process: on a busy machine the wall clock measures the others. */
test('5,000 damaged files give facts or a typed error, each at once', async () => {
  const random = seededRandom(20261121)
  const outcomes = new Map<string, number>()
  let slowestMs = 0
  for (let run = 0; run < 5000; run += 1) {
    const file = mutated(random)
    const startedAt = processorMs()
    let outcome = 'facts'
    try {
      checkModelStart(file, { path: 'm.safetensors', sizeBytes: file.length, kind: 'weights' }, { allowPickle: false })
      const facts = safetensorsFacts(await readSafetensorsHeader({ sizeBytes: file.length, read: readerOf(file) }))
      expect(JSON.stringify(facts).length).toBeLessThan(5000)
    } catch (error) {
      if (!(error instanceof AppError)) throw new Error(`run ${run} crashed`, { cause: error })
      expect(error.retryable).toBe(false)
      outcome = error.code
    }
    slowestMs = Math.max(slowestMs, processorMs() - startedAt)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  // Control: the damage is neither so small nor so great that only one road was taken.
  expect(outcomes.get('facts')).toBeGreaterThan(200)
  expect(outcomes.get('safetensors.lying-header')).toBeGreaterThan(1000)
  expect(outcomes.get('model.bad-safetensors')).toBeGreaterThan(100)
  expect(slowestMs).toBeLessThan(200)
})

test('5,000 heads of nothing in particular are sniffed or refused, each at once', () => {
  const random = seededRandom(42)
  const starts = [
    'PK\x03\x04',
    '\x80\x04',
    '<',
    '<!--',
    '<?xml',
    '{',
    '[',
    '\xff\xfe',
    '\xfe\xff',
    'GGUF',
    'version https://',
    '',
  ]
  const noise = Buffer.from(Array.from({ length: 16_384 }, () => Math.floor(random() * 256)))
  const letters = Buffer.from(noise.map((byte) => 0x20 + (byte % 0x5f)))
  let slowestMs = 0
  for (let run = 0; run < 5000; run += 1) {
    const start = Buffer.from(starts[run % starts.length] ?? '', 'latin1')
    const at = Math.floor(random() * noise.length)
    const rest = (run % 2 === 0 ? noise : letters).subarray(at, at + Math.floor(random() ** 3 * 600))
    const head = Buffer.concat([start, rest])
    const startedAt = processorMs()
    for (const path of ['m.safetensors', 'm.onnx', 'config.json', 'x.model']) {
      for (const kind of ['weights', 'companion'] as const) {
        try {
          checkModelStart(head, { path, sizeBytes: null, kind }, { allowPickle: run % 3 === 0 })
        } catch (error) {
          if (!(error instanceof AppError)) throw new Error(`run ${run} crashed`, { cause: error })
        }
      }
    }
    slowestMs = Math.max(slowestMs, processorMs() - startedAt)
  }
  expect(slowestMs).toBeLessThan(200)
})

test.each([
  ['comments', '<!--'.repeat(16_384)],
  ['closed comments', '<!---->'.repeat(9000)],
  ['white space', ' '.repeat(65_536)],
  ['zip headers', 'PK\x03\x04'.repeat(16_384)],
  ['marks', '('.repeat(65_536)],
  ['names', `c${'a'.repeat(65_535)}`],
  ['spaces in braces', `{${' '.repeat(65_000)}`],
])('a head of nothing but %s takes no time', (_what, text) => {
  const head = Buffer.from(text, 'latin1')
  const startedAt = processorMs()
  expect(() =>
    checkModelStart(head, { path: 'm.pt', sizeBytes: null, kind: 'weights' }, { allowPickle: false }),
  ).toThrow(expect.objectContaining({ code: expect.stringMatching(/^model\./) }))
  expect(processorMs() - startedAt).toBeLessThan(200)
})

test.each<[what: string, metadata: Record<string, string>]>([
  ['as many folders as fit', folders()],
  ['a path of slashes', { ss_sd_model_name: '/'.repeat(1_000_000) }],
  ['nested lists', { ss_tag_frequency: '['.repeat(1_000_000) }],
  ['text that normalising makes longer', { 'modelspec.title': '\u{FDFA}'.repeat(300_000) }],
  ['one endless character', { ss_output_name: `e${'\u0301'.repeat(300_000)}` }],
  [
    'one endless word',
    { 'modelspec.architecture': 'flux'.repeat(300_000), 'modelspec.trigger_phrase': ','.repeat(1_000_000) },
  ],
])('metadata of %s takes no long time', async (_what, metadata) => {
  const file = safetensorsFile({ __metadata__: metadata, ...entries }, 132)
  const header = await readSafetensorsHeader({ sizeBytes: file.length, read: readerOf(file) })
  const startedAt = processorMs()
  expect(JSON.stringify(safetensorsFacts(header)).length).toBeLessThan(5000)
  expect(processorMs() - startedAt).toBeLessThan(1000)
})

function folders(): Record<string, string> {
  const names = Array.from({ length: 20_000 }, (_, index) => `${index}_folder`)
  return {
    ss_tag_frequency: JSON.stringify(Object.fromEntries(names.map((name) => [name, { x: 5 }]))),
    ss_dataset_dirs: JSON.stringify(Object.fromEntries(names.map((name) => [name, {}]))),
  }
}
