import { crc32c } from '@node-rs/crc32'

/** CRC32C of bytes as they pass, by the native code. */
export class Crc32c {
  #value = 0

  update(chunk: Uint8Array): void {
    this.#value = crc32c(chunk as Buffer, this.#value)
  }

  get value(): number {
    return this.#value
  }

  /** As Cloud Storage writes it: base64 of the four bytes, big-endian. */
  toString(): string {
    return encodeCrc32c(this.#value)
  }
}

export function encodeCrc32c(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes.toString('base64')
}

/** @returns the checksum's number; an encoding of another length is nobody's checksum. */
export function decodeCrc32c(encoded: string): number {
  return Buffer.from(encoded, 'base64').readUInt32BE()
}
