import { headerTooLarge, lyingHeader } from './safetensors-error.ts'

/** Of N itself. */
export const lengthBytes = 8

/** The format allows 100 MB; Hugging Face's client stops at 25, and no model is known that needs more. */
const maxHeaderBytes = 25 * 1024 * 1024

/**
 * N, the header's length, from a file's first eight bytes: read as 64 bits, because a web page read this way gives an absurd
 * number, and held against the file before anybody allocates that much. `sizeBytes` is null where nobody says it.
 * @throws FinalError `safetensors.lying-header`, `safetensors.header-too-large`
 */
export function readHeaderLength(head: Buffer, sizeBytes: number | null): number {
  const headerBytes = head.readBigUInt64LE(0)
  if (sizeBytes !== null && headerBytes > BigInt(sizeBytes) - BigInt(lengthBytes)) {
    throw lyingHeader(`it says that it has ${headerBytes} bytes, and the whole file has ${sizeBytes}`)
  }
  if (headerBytes > maxHeaderBytes) throw headerTooLarge(headerBytes, maxHeaderBytes)
  return Number(headerBytes)
}
