import {
  type DocumentData,
  FieldValue,
  type Firestore,
  GeoPoint,
  Timestamp,
  VectorValue,
} from '@google-cloud/firestore'
import type { Chance } from './chance.ts'

export const FIELDS = ['a', 'b', 'c', 'm.x', 'm.y'] as const
export const DOCUMENT_IDS = ['d1', 'd2', 'd3', 'd4', 'é', '𝒳', '\uffee', 'D', '10', '9'] as const

/** A value of any type; few distinct ones, so that equal and nearly equal values meet. */
export function anyValue(chance: Chance, firestore: Firestore, root: string, depth = 0): unknown {
  const kind = chance.integer(depth > 1 ? 9 : 12)
  switch (kind) {
    case 0:
      return null
    case 1:
      return chance.percent(50)
    case 2:
      return chance.pick([0, 1, 2, 3, -1, 7])
    case 3:
      return chance.pick([1.5, Number.NaN, -0, Number.POSITIVE_INFINITY, -1.5, 2.25, 1e300])
    case 4:
      return new Timestamp(chance.integer(3), chance.pick([0, 1000, 999_999_000]))
    case 5:
      return chance.pick(['', 'a', 'b', 'ab', 'é', '𝒳', '\uffee', 'Z'])
    case 6:
      return Buffer.from(chance.pick([[], [0], [1, 2], [255], [1]]))
    case 7:
      return firestore.doc(`${root}/${chance.pick(DOCUMENT_IDS)}`)
    case 8:
      return new GeoPoint(chance.pick([0, 1, -1]), chance.pick([0, 1, 90]))
    case 9:
      return Array.from({ length: chance.integer(4) }, () => arrayItem(chance, firestore, root, depth))
    case 10:
      return FieldValue.vector(Array.from({ length: 1 + chance.integer(3) }, () => chance.integer(3)))
    default:
      return Object.fromEntries(
        ['x', 'y', 'z']
          .filter(() => chance.percent(50))
          .map((name) => [name, anyValue(chance, firestore, root, depth + 1)]),
      )
  }
}

function arrayItem(chance: Chance, firestore: Firestore, root: string, depth: number): unknown {
  // An array cannot hold an array.
  const value = anyValue(chance, firestore, root, depth + 1)
  return Array.isArray(value) || value instanceof VectorValue ? 1 : value
}

export function anyDocument(chance: Chance, firestore: Firestore, root: string): DocumentData {
  const data: DocumentData = {}
  // Mostly numbers and strings, so that queries find something.
  const value = () => (chance.percent(60) ? chance.pick([1, 2, 3, 'a', 'b', 1.5]) : anyValue(chance, firestore, root))
  for (const name of ['a', 'b', 'c']) if (chance.percent(75)) data[name] = value()
  if (chance.percent(50)) data.m = { x: value(), y: value() }
  if (chance.percent(40))
    data.list = Array.from({ length: chance.integer(4) }, () => chance.pick([1, 2, 'a', null, 1.5, Number.NaN]))
  return data
}

/** A form of any value in which two servers' answers can be compared. */
export function comparable(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return `number ${value}`
  if (Object.is(value, -0)) return 'number -0'
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(comparable)
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (value instanceof Timestamp) return `time ${value.seconds}.${value.nanoseconds}`
  if ('path' in value && 'firestore' in value) return `document ${String(value.path)}`
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, item]) => [name, comparable(item)]),
  )
}
