import { openTarFile } from '#shared/archives/tar-reader.ts'
import { endOfTar as end, tarMember as member } from './tar-bytes.ts'

const limits = { maxEntries: 50, maxFileBytes: 100_000, maxTotalBytes: 300_000 }
const weights = Buffer.alloc(70_001, 7)

const wanted = member('output/flux_train_replicate/lora.safetensors', weights)

async function open(tar: Buffer): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < tar.length; at += 777) yield tar.subarray(at, at + 777)
  }
  const file = await openTarFile({ chunks: pieces(), fileName: 'lora.safetensors', limits })
  const chunks: Buffer[] = []
  for await (const chunk of file.chunks) chunks.push(chunk)
  expect(Buffer.concat(chunks).length).toBe(file.sizeBytes)
  return Buffer.concat(chunks)
}

test('finds the one file among others, also under a PAX or a GNU name', async () => {
  const other = member('output/config.yaml', Buffer.from('steps: 1000'))
  expect((await open(Buffer.concat([other, wanted, other, end]))).equals(weights)).toBe(true)
  const path = Buffer.from('30 path=out/lora.safetensors\n')
  const pax = Buffer.from(`${path.length} path=out/lora.safetensors\n`)
  expect((await open(Buffer.concat([member('x', pax, 'x'), member('y', weights), end]))).equals(weights)).toBe(true)
  const long = Buffer.from(`${'d/'.repeat(120)}lora.safetensors\0`)
  expect((await open(Buffer.concat([member('x', long, 'L'), member('y', weights), end]))).equals(weights)).toBe(true)
})

test.each<[string, string, Buffer]>([
  ['missing', 'no such file', Buffer.concat([member('a.txt', weights), end])],
  ['truncated', 'no end mark', wanted],
  ['truncated', 'a cut file', wanted.subarray(0, 40_000)],
  ['ambiguous', 'two of them', Buffer.concat([wanted, wanted, end])],
  ['bad-name', 'a parent folder', Buffer.concat([member('../lora.safetensors', weights), end])],
  ['bad-name', 'the root', Buffer.concat([member('/lora.safetensors', weights), end])],
  ['link', 'a symbolic link', Buffer.concat([member('lora.safetensors', Buffer.alloc(0), '2'), end])],
  ['special-file', 'a sparse file', Buffer.concat([member('lora.safetensors', weights, 'S'), end])],
  ['empty', 'an empty file', Buffer.concat([member('lora.safetensors', Buffer.alloc(0)), end])],
  ['entry-too-large', 'a large file', Buffer.concat([member('lora.safetensors', Buffer.alloc(100_001)), end])],
  ['too-large', 'much beside it', Buffer.concat([member('a', Buffer.alloc(300_001)), wanted, end])],
  ['too-many-entries', 'many files', Buffer.concat([...Array.from({ length: 51 }, () => member('a', end)), end])],
  ['damaged', 'no TAR', Buffer.alloc(2000, 65)],
])('refuses with archive.%s: %s', async (code, _title, tar) => {
  await expect(open(tar)).rejects.toMatchObject({ code: `archive.${code}`, retryable: false })
})
