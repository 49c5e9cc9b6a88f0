import { roomNeeded, statedSize } from '../../../../../services/model-sync/cache/room-needed.ts'
import type { CopyInput } from '../../../../../services/model-sync/copy-input.ts'

const MiB = 1024 * 1024
const minPartBytes = MiB

function input(layout: CopyInput['layout'], sizes: (number | null)[]): Pick<CopyInput, 'layout' | 'files'> {
  const files = sizes.map((sizeBytes, index) => ({
    locator: { source: 'url' as const, url: `https://example.com/${index}` },
    path: `${index}.safetensors`,
    sizeBytes,
    sha256: null,
    gitBlobSha1: null,
  }))
  return { layout, files }
}

function needed(layout: CopyInput['layout'], sizes: (number | null)[]): number {
  return roomNeeded(input(layout, sizes), (index) => statedSize(sizes[index] ?? null, minPartBytes)).bytes
}

/** What the list of contents may add. */
const listed = (files: number) => needed('folder', Array(files).fill(0))

test.each([
  ['a file takes its parts and itself', [10 * MiB], 20 * MiB],
  ['up to 32 parts are joined in one step', [32 * MiB], 64 * MiB],
  ['more parts are joined to groups first, which lie there too', [33 * MiB], 99 * MiB],
  ['a file of unknown size takes nothing that anybody could name', [null], 0],
])('%s', (_title, sizes, bytes) => {
  expect(needed('file', sizes)).toBe(bytes)
})

test('a folder takes its files, the parts of its largest, and its list of contents', () => {
  expect(needed('folder', [2 * MiB, 5 * MiB, MiB])).toBe(8 * MiB + 5 * MiB + listed(3))
  expect(listed(3)).toBeGreaterThan(3 * 64)
  expect(listed(3)).toBeLessThan(1_000)
})
