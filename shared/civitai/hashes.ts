/** The kinds that CivitAI tells, any of which may be missing (contract §4). Lower-case hex. */
export interface CivitaiHashes {
  /** Of the whole file. */
  sha256: string | null
  /** The first 10 digits of the SHA-256. */
  autoV2: string | null
  /** IEEE polynomial as zlib spells it. */
  crc32: string | null
}

/** Reads a file's `hashes`. What has the wrong length or is no hex counts as not told. */
export function readHashes(hashes: Readonly<Record<string, unknown>>): CivitaiHashes {
  return {
    sha256: hexOf(hashes.SHA256, 64),
    autoV2: hexOf(hashes.AutoV2, 10),
    crc32: zlibSpelling(hexOf(hashes.CRC32, 8)),
  }
}

function hexOf(value: unknown, digits: number): string | null {
  if (typeof value !== 'string') return null
  const text = value.trim().toLowerCase()
  return text.length === digits && /^[0-9a-f]+$/.test(text) ? text : null
}

/** CivitAI prints the four bytes lowest first: "hello world" is 85114A0D there and 0d4a1185 everywhere else (contract §4). */
function zlibSpelling(hex: string | null): string | null {
  return hex === null ? null : Buffer.from(hex, 'hex').reverse().toString('hex')
}
