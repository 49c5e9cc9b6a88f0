/** What a file is by its first bytes. Everything that is not among these is `unknown`. */
export type ModelFormat =
  // Weights that a loader reads as data.
  | 'safetensors'
  | 'gguf'
  | 'onnx'
  // Python's pickle, alone or in PyTorch's zip or its older tar: loading one runs the code in it.
  | 'pickle'
  // Containers.
  | 'zip'
  | 'tar'
  | 'gzip'
  | '7z'
  | 'rar'
  // What servers send in the place of a file.
  | 'html'
  | 'json'
  | 'xml'
  | 'lfs-pointer'
  // What lies beside weights.
  | 'image'
  | 'text'
  | 'empty'
  | 'unknown'

/** What is known of a file before its bytes are. */
export interface FileStart {
  /** Remote text: looked at for its extension only. */
  path: string
  /** Of the whole file; null where nobody says. */
  sizeBytes: number | null
}

/** As a file's path says it: lower case with its dot (`.safetensors`), or the empty string. */
export function pathExtension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? '' : name.slice(dot).toLowerCase()
}
