import { decodeRecord, encodeRecord } from '#local/documents/storage/record.ts'

const record = {
  commitTime: 1_795_237_959_330_123,
  changes: [
    { name: 'projects/p/databases/d/documents/a/b', document: Uint8Array.of(1, 2, 3) },
    { name: 'projects/p/databases/d/documents/a/c', document: null },
  ],
}

test('a record is read back as it was written, with the place of the next', () => {
  const bytes = Buffer.concat([encodeRecord(record), encodeRecord({ commitTime: 1, changes: [] })])
  const first = decodeRecord(bytes, 0)
  expect(first?.record).toEqual(record)
  expect(decodeRecord(bytes, first!.next)).toEqual({ record: { commitTime: 1, changes: [] }, next: bytes.length })
})

test('a record that is cut anywhere is none', () => {
  const bytes = encodeRecord(record)
  for (let length = 0; length < bytes.length; length++) expect(decodeRecord(bytes.subarray(0, length), 0)).toBeNull()
})

test('a record with any byte changed is none', () => {
  const bytes = encodeRecord(record)
  for (let index = 0; index < bytes.length; index++) {
    const damaged = Buffer.from(bytes)
    damaged[index] = damaged[index]! ^ 0x40
    expect(decodeRecord(damaged, 0)).toBeNull()
  }
})
