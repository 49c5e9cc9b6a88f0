import { TransientError } from '#shared/errors/app-error.ts'
import { ObjectScanner, ScanError } from './object-scanner.ts'
import { lyingHeader } from './safetensors-error.ts'
import { lengthBytes, readHeaderLength } from './safetensors-length.ts'
import { readMetadata } from './safetensors-metadata.ts'
import { type DtypeTotal, parseTensor, type Tensor } from './safetensors-tensor.ts'
import { TensorTiles } from './tensor-tiles.ts'

/** Bytes of a file from an offset: `length` of them, or fewer where they come in smaller pieces. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>

/** What the start of a safetensors file says, after it has been held against the file's length. */
export interface SafetensorsHeader {
  /** N: of the JSON, with its padding and without the eight bytes before it. */
  headerBytes: number
  /** Of the tensors: from 8 + N to the file's end. */
  dataBytes: number
  tensorCount: number
  dtypes: ReadonlyMap<string, DtypeTotal>
  /** The first ones in the header's order, enough to tell an architecture by; never all of a huge file's. */
  tensors: readonly Tensor[]
  /** `__metadata__`, foreign text as it is; null where there is none. */
  metadata: ReadonlyMap<string, string> | null
}

/** One request for nearly every model; a large header comes in as many, and never lies in memory as a whole. */
const windowBytes = 1024 * 1024
const maxTensorsKept = 20_000
/** More only fit a header of 25 MB when their names are shorter than anybody's. */
const maxTensors = 250_000

/**
 * Reads and checks the header of a safetensors file (contract huggingface.md §7): that it is JSON, that every tensor has the
 * size which its shape and dtype say, and that the tensors fill the file without a hole, an overlap or a rest. Nothing is
 * allocated for a length that has not been checked.
 * @throws FinalError `safetensors.lying-header`, `safetensors.header-too-large`
 * @throws TransientError `safetensors.short-read` when `read` gives nothing where the file must have bytes
 */
export async function readSafetensorsHeader(params: { read: ReadAt; sizeBytes: number }): Promise<SafetensorsHeader> {
  const { sizeBytes } = params
  if (sizeBytes < lengthBytes + 2) throw lyingHeader('the file is too short to hold one')
  let window = await readSome(params.read, {
    offset: 0,
    length: Math.min(sizeBytes, windowBytes),
    minBytes: lengthBytes,
  })
  const headerBytes = readHeaderLength(window, sizeBytes)
  const contents = new HeaderContents({ headerBytes, dataBytes: sizeBytes - lengthBytes - headerBytes })
  const end = lengthBytes + headerBytes
  let at = lengthBytes
  window = window.subarray(lengthBytes)
  for (;;) {
    contents.push(window.subarray(0, end - at))
    at += Math.min(window.length, end - at)
    if (at === end) return contents.end()
    window = await readSome(params.read, { offset: at, length: Math.min(windowBytes, end - at), minBytes: 1 })
  }
}

async function readSome(read: ReadAt, range: { offset: number; length: number; minBytes: number }): Promise<Buffer> {
  const bytes = await read(range.offset, range.length)
  if (bytes.length >= range.minBytes) return bytes
  throw new TransientError({
    code: 'safetensors.short-read',
    message: 'The start of the stored file could not be read; it will be tried again.',
    facts: { ...range, got: bytes.length },
  })
}

/** The header as it comes in. */
class HeaderContents {
  readonly #sizes: { headerBytes: number; dataBytes: number }
  readonly #scanner: ObjectScanner
  readonly #tiles: TensorTiles
  readonly #names = new Set<string>()
  readonly #tensors: Tensor[] = []
  readonly #dtypes = new Map<string, DtypeTotal>()
  #metadata: ReadonlyMap<string, string> | null = null

  constructor(sizes: { headerBytes: number; dataBytes: number }) {
    this.#sizes = sizes
    this.#tiles = new TensorTiles(sizes.dataBytes)
    this.#scanner = new ObjectScanner({
      maxKeyBytes: 8192,
      // Kohya's trainers store how often each tag of the training pictures occurs: megabytes. A tensor's entry has some 80 bytes.
      maxValueBytes: (key) => (key === '__metadata__' ? sizes.headerBytes : 8192),
    })
  }

  push(chunk: Buffer): void {
    try {
      for (const { key, value } of this.#scanner.push(chunk)) {
        // The format allows no name twice; readers that keep the first and those that keep the last would load different models.
        if (this.#names.has(key)) throw lyingHeader('it names a tensor twice', { name: key })
        this.#names.add(key)
        if (this.#names.size > maxTensors) throw lyingHeader('it names absurdly many tensors')
        if (key === '__metadata__') this.#metadata = readMetadata(value)
        else this.#add(parseTensor(key, value))
      }
    } catch (error) {
      throw translated(error)
    }
  }

  #add(tensor: Tensor): void {
    this.#tiles.add(tensor)
    const total = this.#dtypes.get(tensor.dtype) ?? { bytes: 0, parameters: 0, tensors: 0 }
    total.bytes += tensor.end - tensor.begin
    total.parameters += tensor.parameters
    total.tensors += 1
    this.#dtypes.set(tensor.dtype, total)
    if (this.#tensors.length < maxTensorsKept) this.#tensors.push(tensor)
  }

  end(): SafetensorsHeader {
    try {
      this.#scanner.end()
    } catch (error) {
      throw translated(error)
    }
    if (this.#tiles.count === 0) throw lyingHeader('it names no tensor')
    this.#tiles.check()
    return {
      ...this.#sizes,
      tensorCount: this.#tiles.count,
      dtypes: this.#dtypes,
      tensors: this.#tensors,
      metadata: this.#metadata,
    }
  }
}

function translated(error: unknown): unknown {
  return error instanceof ScanError ? lyingHeader(error.message) : error
}
