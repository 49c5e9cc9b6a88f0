/** What a file is by CivitAI's word. Its bytes decide later. */
export type CivitaiFormat = 'safetensors' | 'gguf' | 'pickle' | 'zip' | 'onnx' | 'core-ml' | 'other'

/** Diffusers folders come as zips (contract §3). */
const BY_METADATA: ReadonlyMap<string, CivitaiFormat> = new Map([
  ['safetensor', 'safetensors'],
  ['pickletensor', 'pickle'],
  ['gguf', 'gguf'],
  ['diffusers', 'zip'],
  ['onnx', 'onnx'],
  ['core ml', 'core-ml'],
])

const BY_EXTENSION: ReadonlyMap<string, CivitaiFormat> = new Map([
  ['safetensors', 'safetensors'],
  ['sft', 'safetensors'],
  ['gguf', 'gguf'],
  ['ckpt', 'pickle'],
  ['pt', 'pickle'],
  ['pth', 'pickle'],
  ['bin', 'pickle'],
  ['zip', 'zip'],
  ['onnx', 'onnx'],
  ['mlmodel', 'core-ml'],
])

/** By `metadata.format`; by the name where that is missing, `Other` or newer than this. */
export function fileFormat(metadataFormat: string | null, name: string): CivitaiFormat {
  const told = BY_METADATA.get(metadataFormat?.toLowerCase() ?? '')
  if (told !== undefined) return told
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  return BY_EXTENSION.get(extension) ?? 'other'
}
