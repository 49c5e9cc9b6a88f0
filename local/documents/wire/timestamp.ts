import type { Micros } from '#local/documents/clock.ts'
import { fromInt64, toInt64 } from '#local/documents/values/codec.ts'
import type { WireTimestamp } from './messages.ts'

/** A time of ours as google.protobuf.Timestamp. */
export function toWireTimestamp(time: Micros): WireTimestamp {
  const seconds = Math.floor(time / 1_000_000)
  return { seconds: toInt64(BigInt(seconds)), nanos: (time - seconds * 1_000_000) * 1000 }
}

/** A wire time in microseconds, the rest of its nanoseconds as a fraction. */
export function fromWireTimestamp(wire: WireTimestamp): Micros {
  return Number(fromInt64(wire.seconds)) * 1_000_000 + wire.nanos / 1000
}
