/**
 * `google.events.cloud.firestore.v1.DocumentEventData` in its proto3 JSON form: the one form in which both encodings
 * of a Firestore event are handed on inside this folder.
 */
export interface DocumentEventDataJson {
  /** The document after the change; absent on delete. */
  value?: DocumentJson
  /** The document before the change; absent on create. */
  oldValue?: DocumentJson
  updateMask?: { fieldPaths?: string[] }
}

/** `google.firestore.v1.Document`; proto3 JSON leaves out what is empty. */
export interface DocumentJson {
  /** `projects/P/databases/D/documents/…` */
  name?: string
  fields?: Record<string, ValueJson>
  createTime?: string
  updateTime?: string
}

/** `google.firestore.v1.Value`: exactly one member, or none for a value of a kind that is not known here. */
export type ValueJson =
  | { nullValue: null }
  | { booleanValue: boolean }
  | { integerValue: string }
  | { doubleValue: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { timestampValue: string }
  | { stringValue: string }
  | { bytesValue: string }
  | { referenceValue: string }
  | { geoPointValue: { latitude?: number; longitude?: number } }
  | { arrayValue: { values?: ValueJson[] } }
  | { mapValue: { fields?: Record<string, ValueJson> } }
  | Record<string, never>

/** Firestore itself stops at 20 levels of maps; more than this can only be an attack on the stack. */
export const MAX_VALUE_DEPTH = 100
