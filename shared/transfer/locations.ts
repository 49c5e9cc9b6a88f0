import { TransientError } from '#shared/errors/app-error.ts'
import type { FileLocation, LocateFile } from './source-file.ts'

/** A location, and which one in a row it is. */
export interface Place {
  location: FileLocation
  number: number
}

/** Each may count against a source's limit of downloads; a location that lives so shortly is no use anyway. */
const MAX_LOCATIONS = 12

/** Where the file is now, for all lanes of one copy: asked for once at a time, and only when the last one no longer works. */
export class Locations {
  readonly #locate: LocateFile
  readonly #signal: AbortSignal
  #current: Place | null = null
  #locating: Promise<Place> | null = null
  #count = 0

  constructor(locate: LocateFile, signal: AbortSignal) {
    this.#locate = locate
    this.#signal = signal
  }

  /** The location that is not `refused` or older. */
  async after(refused: number): Promise<Place> {
    if (this.#current !== null && this.#current.number > refused) return this.#current
    this.#locating ??= this.#find().finally(() => {
      this.#locating = null
    })
    return await this.#locating
  }

  async #find(): Promise<Place> {
    if (this.#count >= MAX_LOCATIONS) {
      const message = `The file had to be looked for ${MAX_LOCATIONS} times; its locations do not last.`
      throw new TransientError({ code: 'transfer.locations-used-up', message })
    }
    this.#count++
    const location = await this.#locate(this.#signal)
    this.#current = { location, number: this.#count }
    return this.#current
  }
}
