export interface ObjectName {
  bucket: string
  name: string
}

/** An object as it is at one generation. */
export interface ObjectFacts extends ObjectName {
  /** Decimal; compare as BigInt. */
  generation: string
  /** Decimal; +1 with every change of its metadata. */
  metageneration: string
  sizeBytes: number
  contentType: string | null
  timeCreated: Date
  metadata: Record<string, string>
  /** Base64 of the big-endian checksum; null where the answer did not say it. */
  crc32c: string | null
}

/** What is read from the JSON API's object resource, whose 64-bit numbers are strings. */
export interface ObjectResource {
  generation?: string | number | undefined
  metageneration?: string | number | undefined
  size?: string | number | undefined
  contentType?: string | undefined
  timeCreated?: string | undefined
  crc32c?: string | undefined
  metadata?: Readonly<Record<string, unknown>> | null | undefined
}

export function toFacts(object: ObjectName, resource: ObjectResource): ObjectFacts {
  const custom: Record<string, string> = {}
  for (const [name, value] of Object.entries(resource.metadata ?? {})) {
    if (value !== null && value !== undefined) custom[name] = String(value)
  }
  return {
    bucket: object.bucket,
    name: object.name,
    generation: String(resource.generation),
    metageneration: String(resource.metageneration),
    sizeBytes: Number(resource.size ?? 0),
    contentType: resource.contentType ?? null,
    timeCreated: new Date(resource.timeCreated ?? 0),
    metadata: custom,
    crc32c: resource.crc32c ?? null,
  }
}
