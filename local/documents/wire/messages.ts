/**
 * The wire shapes that the handlers read, as protobufjs decodes them: absent messages are null, absent strings '', and
 * a oneof's own name says which member is set.
 */
export interface Int64 {
  low: number
  high: number
  unsigned: boolean
}

export interface WireTimestamp {
  seconds: Int64
  nanos: number
}

export interface WireValue {
  valueType?: string
  nullValue?: number
  booleanValue?: boolean
  integerValue?: Int64
  doubleValue?: number
  timestampValue?: WireTimestamp
  stringValue?: string
  bytesValue?: Uint8Array
  referenceValue?: string
  geoPointValue?: { latitude: number; longitude: number }
  arrayValue?: { values?: WireValue[] }
  mapValue?: { fields?: Record<string, WireValue> }
}

export interface WireDocument {
  name: string
  fields: Record<string, WireValue>
}

export interface WirePrecondition {
  conditionType?: 'exists' | 'updateTime'
  exists: boolean
  updateTime: WireTimestamp
}

export interface WireFieldTransform {
  fieldPath: string
  transformType?:
    | 'setToServerValue'
    | 'increment'
    | 'maximum'
    | 'minimum'
    | 'appendMissingElements'
    | 'removeAllFromArray'
  setToServerValue: number
  increment: WireValue
  maximum: WireValue
  minimum: WireValue
  appendMissingElements: { values?: WireValue[] }
  removeAllFromArray: { values?: WireValue[] }
}

export interface WireMask {
  fieldPaths: string[]
}

export interface WireWrite {
  operation?: 'update' | 'delete' | 'transform'
  update: WireDocument
  delete: string
  transform: { document: string; fieldTransforms: WireFieldTransform[] }
  updateMask: WireMask | null
  updateTransforms: WireFieldTransform[]
  currentDocument: WirePrecondition | null
}

export interface WireTransactionOptions {
  mode?: 'readOnly' | 'readWrite'
  readOnly: { readTime: WireTimestamp | null }
  readWrite: { retryTransaction: Uint8Array }
}

/** How a read says when it looks: `consistencySelector` names the member that is set. */
export interface WireConsistency {
  consistencySelector?: 'transaction' | 'newTransaction' | 'readTime'
  transaction: Uint8Array
  newTransaction: WireTransactionOptions
  readTime: WireTimestamp
}

export interface WireFilter {
  filterType?: 'compositeFilter' | 'fieldFilter' | 'unaryFilter'
  compositeFilter: { op: number; filters: WireFilter[] }
  fieldFilter: { field: { fieldPath: string } | null; op: number; value: WireValue | null }
  unaryFilter: { field: { fieldPath: string } | null; op: number }
}

export interface WireCursor {
  values: WireValue[]
  before: boolean
}

export interface WireQuery {
  select: { fields: { fieldPath: string }[] } | null
  from: { collectionId: string; allDescendants: boolean }[]
  where: WireFilter | null
  orderBy: { field: { fieldPath: string } | null; direction: number }[]
  startAt: WireCursor | null
  endAt: WireCursor | null
  offset: number
  limit: { value: number } | null
  findNearest: WireFindNearest | null
}

export interface WireFindNearest {
  vectorField: { fieldPath: string }
  queryVector: WireValue
  distanceMeasure: number
  limit: { value: number } | null
  distanceResultField: string
  distanceThreshold: { value: number } | null
}
