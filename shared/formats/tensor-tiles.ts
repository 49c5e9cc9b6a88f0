import { lyingHeader } from './safetensors-error.ts'
import type { Tensor } from './safetensors-tensor.ts'

/** Where the tensors lie. By the format they fill the data part exactly: bytes between them could hide another file. */
export class TensorTiles {
  readonly #dataBytes: number
  readonly #begins: number[] = []
  readonly #ends: number[] = []

  constructor(dataBytes: number) {
    this.#dataBytes = dataBytes
  }

  get count(): number {
    return this.#begins.length
  }

  /** @throws FinalError `safetensors.lying-header` when the tensor leaves the file */
  add({ name, begin, end }: Pick<Tensor, 'name' | 'begin' | 'end'>): void {
    if (end > this.#dataBytes) throw lyingHeader('a tensor lies beyond the end of the file', { name, begin, end })
    this.#begins.push(begin)
    this.#ends.push(end)
  }

  /** @throws FinalError `safetensors.lying-header` when they leave a hole or overlap */
  check(): void {
    const begins = this.#begins
    const ends = this.#ends
    const at = (list: readonly number[], index: number): number => list[index] ?? 0
    // Where two begin together the shorter is first: an empty tensor fits before any other.
    const order = Uint32Array.from(begins.keys()).sort(
      (a, b) => at(begins, a) - at(begins, b) || at(ends, a) - at(ends, b),
    )
    let filled = 0
    for (const index of order) {
      const begin = at(begins, index)
      if (begin > filled) throw lyingHeader('the tensors leave a hole', { at: filled })
      if (begin < filled) throw lyingHeader('two tensors overlap', { at: begin })
      filled = at(ends, index)
    }
    if (filled === this.#dataBytes) return
    throw lyingHeader('the tensors do not reach the end of the file', { at: filled, dataBytes: this.#dataBytes })
  }
}
