import type { Fields, Value } from '#local/documents/values/value.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'

const RESERVED_NAME = /^__.*__$/s
const MAX_NAME_BYTES = 1500
const MAX_VALUE_BYTES = 1_048_487
const MAX_VECTOR_LENGTH = 2048

/** Refuses fields that a document cannot have. @throws StatusError INVALID_ARGUMENT */
export function checkFields(fields: Fields): void {
  for (const [name, value] of fields) {
    if (RESERVED_NAME.test(name)) throw invalidArgument(`field name ${name} is reserved`)
    if (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) {
      throw invalidArgument(`The property.name is longer than ${MAX_NAME_BYTES} bytes.`)
    }
    checkValue(name, value)
  }
}

function checkValue(name: string, value: Value): void {
  if (value.type === 'map') {
    if (value.fields.has('__type__')) checkTypedMap(name, value.fields)
    else checkFields(value.fields)
  }
  if (value.type === 'array') for (const item of value.values) checkItem(name, item)
  if (value.type === 'string' && value.value.length * 3 > MAX_VALUE_BYTES)
    checkLength(name, Buffer.byteLength(value.value))
  if (value.type === 'bytes') checkLength(name, value.value.length)
}

function checkItem(name: string, item: Value): void {
  if (item.type === 'array') throw invalidArgument('Cannot convert an array value in an array value.')
  if (item.type === 'map' && item.fields.has('__type__')) {
    throw invalidArgument('Cannot convert a vector value in an array value.')
  }
  checkValue(name, item)
}

function checkLength(name: string, bytes: number): void {
  if (bytes <= MAX_VALUE_BYTES) return
  throw invalidArgument(`The value of property "${name}" is longer than ${MAX_VALUE_BYTES} bytes.`)
}

/** A map that says its type must be a whole vector. */
function checkTypedMap(name: string, fields: Fields): void {
  const kind = fields.get('__type__')
  if (kind?.type !== 'string' || kind.value !== '__vector__') {
    throw invalidArgument(`Property ${name} contains an invalid nested entity.`)
  }
  const elements = fields.get('value')
  if (elements?.type !== 'array') throw invalidArgument("Vector map is missing key 'value'.")
  if (fields.size > 2) throw invalidArgument('Vector Value map has extraneous entries.')
  if (elements.values.some((element) => element.type !== 'double')) {
    throw invalidArgument("Vector must only contain values of type 'double'.")
  }
  if (elements.values.length === 0) throw invalidArgument('Cannot have a zero length vector.')
  if (elements.values.length > MAX_VECTOR_LENGTH) {
    throw invalidArgument(`Vectors must be at most ${MAX_VECTOR_LENGTH} dimensions.`)
  }
}
