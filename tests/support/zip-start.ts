/** The start of a zip: local headers of entries with a few bytes each. `isStreamed`: sizes stand behind the data, as in a zip made on the fly. */
export function zipStart(names: readonly string[], options: { isStreamed?: boolean } = {}): Buffer {
  const content = Buffer.from('content')
  return Buffer.concat(
    names.map((name) => {
      const header = Buffer.alloc(30)
      header.write('PK\x03\x04', 'latin1')
      header.writeUInt16LE(options.isStreamed ? 8 : 0, 6)
      header.writeUInt32LE(options.isStreamed ? 0 : content.length, 18)
      header.writeUInt32LE(options.isStreamed ? 0 : content.length, 22)
      header.writeUInt16LE(Buffer.byteLength(name), 26)
      return Buffer.concat([header, Buffer.from(name), content])
    }),
  )
}
