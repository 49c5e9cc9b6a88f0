import type { FileStart, ModelFormat } from './model-format.ts'
import { pathExtension } from './model-format.ts'
import { startsPickle, startsTorchTar, startsTorchZip } from './sniff-pickle.ts'
import { sniffText } from './sniff-text.ts'

/** By the format's own limit a header has at most 100 MB (contract huggingface.md §7). */
const maxHeaderBytes = 100_000_000n

const magics: readonly (readonly [magic: Buffer, format: ModelFormat])[] = [
  [Buffer.from('GGUF'), 'gguf'],
  [Buffer.from('1f8b', 'hex'), 'gzip'],
  [Buffer.from('377abcaf271c', 'hex'), '7z'],
  [Buffer.from('Rar!\x1a\x07', 'latin1'), 'rar'],
  [Buffer.from('PK\x03\x04', 'latin1'), 'zip'],
  // An empty zip, and one in several volumes.
  [Buffer.from('PK\x05\x06', 'latin1'), 'zip'],
  [Buffer.from('PK\x07\x08', 'latin1'), 'zip'],
  [Buffer.from('89504e470d0a1a0a', 'hex'), 'image'],
  [Buffer.from('ffd8ff', 'hex'), 'image'],
  [Buffer.from('GIF8'), 'image'],
]

/**
 * What a file is, by its first bytes (64 KiB are plenty, less will do) and hardly by its name: a login page is called
 * `.safetensors` as easily as a model is. Never throws and never reads past `head`.
 */
export function sniffFormat(head: Buffer, file: FileStart): ModelFormat {
  if (head.length === 0) return 'empty'
  if (startsSafetensors(head, file.sizeBytes)) return 'safetensors'
  const known = magics.find(([magic]) => head.subarray(0, magic.length).equals(magic))?.[1]
  if (known === 'zip') return startsTorchZip(head) ? 'pickle' : 'zip'
  if (known) return known
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') return 'image'
  if (head.toString('latin1', 257, 262) === 'ustar') return startsTorchTar(head) ? 'pickle' : 'tar'
  if (startsPickle(head)) return 'pickle'
  if (startsTorchTar(head)) return 'pickle'
  // A protobuf has no magic: its start is only believed together with the name.
  if (pathExtension(file.path) === '.onnx' && startsOnnx(head)) return 'onnx'
  return sniffText(head) ?? 'unknown'
}

/** A length that fits the format and the file, then `{`. The length alone refutes pages and pointers: their first eight bytes are an absurd number. */
function startsSafetensors(head: Buffer, sizeBytes: number | null): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false
  const headerBytes = head.readBigUInt64LE(0)
  if (headerBytes < 2n || headerBytes > maxHeaderBytes) return false
  return sizeBytes === null || headerBytes <= BigInt(sizeBytes) - 8n
}

/** ONNX's ModelProto: field 1 is `ir_version`, a small number; then one of its other fields, nearly all of them length-delimited. */
function startsOnnx(head: Buffer): boolean {
  const [key, irVersion, next] = head
  if (key !== 0x08 || irVersion === undefined || irVersion === 0 || irVersion > 0x40 || next === undefined) return false
  const field = next >> 3
  const isVersionNumber = next === 0x28
  return isVersionNumber || (next % 8 === 2 && field >= 2 && field <= 25)
}
