import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProcess } from '../../../support/processes.ts'
import { endOfTar, tarMember } from '../../../unit/shared/archives/tar-bytes.ts'
import { type HostileArchive, hostileTars, hostileZips } from './hostile-archives.ts'
import type { ArchiveReading } from './read-archive.ts'

const program = fileURLToPath(new URL('./read-archive.ts', import.meta.url))
/** A Node that does nothing has about 50 MiB. */
const mostMiB = 150
const mostMs = 2000

const folder = await mkdtemp(join(tmpdir(), 'hostile-archives-'))
afterAll(() => rm(folder, { recursive: true }))

async function readApart(kind: 'zip' | 'tar', path: string): Promise<ArchiveReading> {
  const { stdout, stderr, code } = await runProcess([program, kind, path])
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  return JSON.parse(stdout) as ArchiveReading
}

async function expectRefused(kind: 'zip' | 'tar', [code, , make]: HostileArchive): Promise<void> {
  const path = join(folder, `${kind}-${code}`)
  await writeFile(path, make())
  const { outcome, peakMiB, ms, unpackedBytes } = await readApart(kind, path)
  expect(outcome).toBe(`archive.${code}`)
  expect(ms).toBeLessThan(mostMs)
  expect(peakMiB ?? 0).toBeLessThan(mostMiB)
  // What had come out before the refusal is no more than any one file may have.
  expect(unpackedBytes).toBeLessThanOrEqual(30_000_000)
}

describe('in little memory and time, a ZIP is refused', () => {
  test.each(hostileZips.map((archive) => [...archive]))('with archive.%s: %s', (...archive) =>
    expectRefused('zip', archive),
  )
})

describe('in little memory and time, a TAR is refused', () => {
  test.each(hostileTars.map((archive) => [...archive]))('with archive.%s: %s', (...archive) =>
    expectRefused('tar', archive),
  )
})

test('weights behind a quarter of a gigabyte are read in as little memory', async () => {
  const [skipped, content] = [256 * 1024 * 1024, Buffer.alloc(50_000_000, 7)]
  const path = join(folder, 'large.tar')
  const file = await open(path, 'w')
  await file.write(tarMember('optimizer.pt', Buffer.alloc(0), '0', skipped))
  // What is between stays a hole: no disk is needed for it.
  await file.write(Buffer.concat([tarMember('output/lora.safetensors', content), endOfTar]), 0, null, 512 + skipped)
  await file.close()
  const { outcome, unpackedBytes, peakMiB } = await readApart('tar', path)
  expect({ outcome, unpackedBytes }).toEqual({ outcome: 'whole', unpackedBytes: content.length })
  expect(peakMiB ?? 0).toBeLessThan(mostMiB)
})
