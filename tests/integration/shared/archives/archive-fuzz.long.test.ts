import { isNativeError } from 'node:util/types'
import { openTarFile } from '#shared/archives/tar-reader.ts'
import { listZip, readZipEntry } from '#shared/archives/zip-reader.ts'
import { AppError } from '#shared/errors/app-error.ts'
import { processorMs } from '../../../support/processor-time.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { endOfTar, tarMember } from '../../../unit/shared/archives/tar-bytes.ts'
import { makeZip, readerOf } from '../../../unit/shared/archives/zip-bytes.ts'

/** Another one each time; what was found with one is found again with `FUZZ_SEED`. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 32)
const rounds = 20_000
const mostUnpackedBytes = 200_000
/** A hang, not a slow machine. */
const mostMs = 1000

const text = Buffer.from('a line of text\n'.repeat(50))
const photo = Buffer.alloc(3000, 'not quite a photo')
const limits = { maxEntries: 50, maxEntryBytes: 100_000, maxTotalBytes: mostUnpackedBytes, maxRatio: 100 }
const tarLimits = { maxEntries: 50, maxFileBytes: 100_000, maxTotalBytes: mostUnpackedBytes }

const zips = [
  makeZip([{ name: 'a.jpg', content: photo }]),
  makeZip([
    { name: 'folder/', content: Buffer.alloc(0) },
    { name: 'folder/a.txt', content: text, deflate: true },
    { name: 'b.jpg', content: photo, mode: 0o100644 },
  ]),
  makeZip([{ name: 'zeros.jpg', content: Buffer.alloc(60_000), deflate: true }], { comment: Buffer.from('a comment') }),
]

const pax = '29 path=out/lora.safetensors\n'
const tars = [
  Buffer.concat([tarMember('lora.safetensors', photo), endOfTar]),
  Buffer.concat([
    tarMember('output/', Buffer.alloc(0), '5'),
    tarMember('output/config.yaml', text),
    tarMember('output/lora.safetensors', photo),
    tarMember('output/captions/a.txt', text),
    endOfTar,
  ]),
  Buffer.concat([tarMember('pax', Buffer.from(pax), 'x'), tarMember('a', photo), endOfTar]),
  Buffer.concat([
    tarMember('long', Buffer.from(`${'d/'.repeat(80)}lora.safetensors\0`), 'L'),
    tarMember('a', photo),
    endOfTar,
  ]),
]

/** What comes out of an archive. */
type Read = (archive: Buffer) => AsyncGenerator<Buffer>

async function* readZip(zip: Buffer): AsyncGenerator<Buffer> {
  const read = readerOf(zip)
  for (const entry of await listZip({ read, sizeBytes: zip.length, limits })) yield* readZipEntry(read, entry)
}

async function* readTar(tar: Buffer): AsyncGenerator<Buffer> {
  async function* pieces() {
    for (let at = 0; at < tar.length; at += 700) yield tar.subarray(at, at + 700)
  }
  const file = await openTarFile({ chunks: pieces(), fileName: 'lora.safetensors', limits: tarLimits })
  yield* file.chunks
}

/** Bytes written over, bits turned, stretches cut out, doubled or moved: one to four times. */
function mutate(archive: Buffer, below: (limit: number) => number): Buffer {
  let bytes = Buffer.from(archive)
  for (let edit = below(4); edit >= 0 && bytes.length > 0; edit -= 1) {
    const at = below(bytes.length)
    const end = Math.min(bytes.length, at + 1 + below(600))
    const stretch = bytes.subarray(at, end)
    switch (below(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
        break
      case 1:
        bytes[at] = below(256)
        break
      case 2:
        // Extremes, where lengths and places stand.
        bytes.fill(below(2) === 0 ? 0xff : 0, at, Math.min(bytes.length, at + 1 + below(12)))
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, end), stretch, bytes.subarray(end)])
        break
      default:
        bytes = bytes.subarray(0, end)
    }
  }
  return bytes
}

/** TAR blocks have checksums; most mutations would end there if they were not made right again. */
function repairTarChecksums(tar: Buffer): Buffer {
  for (let at = 0; at + 512 <= tar.length; at += 512) {
    if (tar.toString('latin1', at + 257, at + 262) !== 'ustar') continue
    tar.write('        ', at + 148, 'latin1')
    const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0)
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
  }
  return tar
}

/** Reads an archive to its end, or to a typed refusal. @throws anything else. */
async function readOnce(archive: Buffer, read: Read) {
  const beganAt = processorMs()
  let unpackedBytes = 0
  let refusal: string | null = null
  try {
    for await (const chunk of read(archive)) unpackedBytes += chunk.length
  } catch (error) {
    if (!(error instanceof AppError) || !error.code.startsWith('archive.')) {
      throw isNativeError(error) ? error : new Error(String(error))
    }
    refusal = error.code
  }
  return { ms: processorMs() - beganAt, unpackedBytes, refusal }
}

async function fuzz(archives: readonly Buffer[], read: Read, repair: (archive: Buffer) => Buffer): Promise<void> {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const counts = { whole: 0, refused: 0, slowestMs: 0, codes: new Set<string>() }
  for (let round = 0; round < rounds; round++) {
    const mutated = mutate(archives[round % archives.length]!, below)
    const archive = below(2) === 0 ? mutated : repair(mutated)
    let { ms, unpackedBytes, refusal } = await readOnce(archive, read).catch((error: unknown) => {
      console.log(`seed ${seed}, round ${round}: ${archive.toString('base64')}`)
      throw error
    })
    // The collector's work for all suites before counts as well, once; an archive that takes long takes long again.
    if (ms > mostMs) ({ ms, unpackedBytes, refusal } = await readOnce(archive, read))
    if (refusal === null) counts.whole += 1
    else {
      counts.refused += 1
      counts.codes.add(refusal)
    }
    counts.slowestMs = Math.max(counts.slowestMs, ms)
    if (unpackedBytes > mostUnpackedBytes || ms > mostMs) {
      throw new Error(
        `Seed ${seed}, round ${round}: ${unpackedBytes} bytes came out in ${ms.toFixed(0)} ms of processor.`,
      )
    }
  }
  const codes = [...counts.codes].toSorted().join(' ')
  console.log(
    `seed ${seed}: ${counts.whole} whole, ${counts.refused} refused (${codes}), ${counts.slowestMs.toFixed(0)} ms at most`,
  )
  // Neither all broken at the door nor all unharmed: else the mutations would try nothing.
  expect(counts.whole).toBeGreaterThan(rounds / 1000)
  expect(counts.refused).toBeGreaterThan(rounds / 2)
  expect(counts.codes.size).toBeGreaterThan(5)
}

test(`${rounds} mutated ZIPs give their files or a typed refusal`, async () => {
  await fuzz(zips, readZip, (zip) => zip)
})

test(`${rounds} mutated TARs give the file or a typed refusal`, async () => {
  await fuzz(tars, readTar, repairTarChecksums)
})
