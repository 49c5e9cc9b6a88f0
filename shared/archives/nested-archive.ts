/** Bytes of an entry that suffice to judge it: `ustar` ends at 262. */
export const sniffedBytes = 262

const suffixes =
  /\.(zip|zipx|tar|tgz|tbz2?|txz|gz|bz2|xz|lzma|lz4?|zst|br|7z|rar|cab|iso|dmg|jar|apk|war|arj|lzh|cpio|rpm|deb|xar|z)$/i

const signatures = [
  'PK\x03\x04',
  'PK\x05\x06',
  'PK\x07\x08',
  '\x1f\x8b',
  'BZh',
  '\xfd7zXZ\0',
  '\x28\xb5\x2f\xfd',
  '\x04\x22\x4d\x18',
  '7z\xbc\xaf\x27\x1c',
  'Rar!\x1a\x07',
  'MSCF\0\0\0\0',
  '!<arch>\n',
  'xar!',
]

/** Whether a name promises an archive or a packed file. */
export function isArchiveName(name: string): boolean {
  return suffixes.test(name)
}

/** Whether bytes begin like an archive or a packed file, whatever they are called. */
export function isArchiveStart(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 8)
  return signatures.some((signature) => start.startsWith(signature)) || bytes.toString('latin1', 257, 262) === 'ustar'
}
