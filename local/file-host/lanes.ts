import type { StoredFile } from './hosted-file.ts'

/** How the host behaves for all requests from now on; what is left out is unlimited. */
export interface Shape {
  bytesPerSecondPerConnection?: number
  /** Once more than `lanes` answers are under way, all of them together get `bytesPerSecond`. */
  slowBeyond?: { lanes: number; bytesPerSecond: number }
  /** An answer beyond that many at once is 403. */
  maxConnections?: number
  /** False: Range is not known here. */
  ranges?: boolean
}

/** One answer with a body, while it is under way. */
export interface Lane {
  /** How long, in ms, the next `sizeBytes` have to wait, which are then counted as sent. */
  waitMs(sizeBytes: number): number
  /** The most that is sent between two waits. */
  stepBytes(): number
  close(): void
}

export interface Lanes {
  shape: Shape
  open(file: StoredFile, own: { bytesPerSecond: number | null }): Lane
  /** How many answers are under way, of one file or of all. */
  count(file?: StoredFile): number
}

/** Large enough to cost little, small enough that bytes are counted finely. */
const STEP_BYTES = 256 * 1024
/** Under a limit, bytes come about that often: in a stream rather than in bursts. */
const STEP_MS = 20

export function createLanes(now: () => number): Lanes {
  const files: StoredFile[] = []
  const shared = createPacer(now)
  const lanes: Lanes = {
    shape: {},
    count: (file) => (file === undefined ? files.length : files.filter((one) => one === file).length),
    open(file, { bytesPerSecond }) {
      files.push(file)
      const own = createPacer(now)
      /** The limit that holds at this moment. */
      const limits = (): { own: number; all: number } => {
        const { bytesPerSecondPerConnection = Number.POSITIVE_INFINITY, slowBeyond } = lanes.shape
        const isCrowded = slowBeyond !== undefined && files.length > slowBeyond.lanes
        return {
          own: Math.min(bytesPerSecondPerConnection, bytesPerSecond ?? Number.POSITIVE_INFINITY),
          all: isCrowded ? slowBeyond.bytesPerSecond : Number.POSITIVE_INFINITY,
        }
      }
      return {
        stepBytes() {
          const limit = limits()
          return stepOf(Math.min(limit.own, limit.all / files.length))
        },
        waitMs(sizeBytes) {
          const limit = limits()
          return Math.max(own(sizeBytes, limit.own), shared(sizeBytes, limit.all))
        },
        close() {
          const index = files.indexOf(file)
          if (index >= 0) files.splice(index, 1)
        },
      }
    },
  }
  return lanes
}

/** What a lane sends at a time under a limit of so many bytes/s. */
export function stepOf(bytesPerSecond: number): number {
  return Math.max(1, Math.min(STEP_BYTES, Math.floor((bytesPerSecond * STEP_MS) / 1000)))
}

type Pacer = (sizeBytes: number, bytesPerSecond: number) => number

/** Timers come late, and a limit without this would be lower than it says. */
const CATCH_UP_MS = 50

/** Says how long to wait so that bytes pass at the limit; time that was not used is made good only for a moment. */
function createPacer(now: () => number): Pacer {
  let freeAtMs = now()
  return (sizeBytes, bytesPerSecond) => {
    const nowMs = now()
    const startMs = Math.max(freeAtMs, nowMs - CATCH_UP_MS)
    freeAtMs = startMs + (sizeBytes / bytesPerSecond) * 1000
    return Math.max(0, startMs - nowMs)
  }
}
