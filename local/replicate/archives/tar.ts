/** One entry of an archive: a file, or a symbolic link. */
export type TarEntry = { name: string; bytes: Buffer } | { name: string; linkTo: string }

const BLOCK_BYTES = 512

/** A POSIX tar (ustar, IEEE 1003.1 §pax "ustar Interchange Format"). Names and links up to 100 bytes. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const bytes = 'bytes' in entry ? entry.bytes : Buffer.alloc(0)
    return [headerOf(entry, bytes.byteLength), bytes, Buffer.alloc(-bytes.byteLength & (BLOCK_BYTES - 1))]
  })
  // Two empty blocks are the end.
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)])
}

function headerOf(entry: TarEntry, sizeBytes: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(entry.name, 0, 100)
  header.write(octal(0o644, 7), 100)
  header.write(octal(0, 7) + octal(0, 7), 108)
  header.write(octal(sizeBytes, 11), 124)
  header.write(octal(0, 11), 136)
  // The checksum counts its own field as blanks.
  header.write(' '.repeat(8), 148)
  header.write('linkTo' in entry ? '2' : '0', 156)
  if ('linkTo' in entry) header.write(entry.linkTo, 157, 100)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
