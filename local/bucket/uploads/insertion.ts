import type { Call, JsonObject } from '../http/call.ts'
import { header } from '../http/call.ts'
import { invalid } from '../http/failure.ts'
import { initialAcl, parseAclList } from '../metadata/acl.ts'
import { parseEditableMetadata } from '../metadata/editable-metadata.ts'
import { assertObjectName } from '../metadata/object-name.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type Preconditions, parsePreconditions } from '../storage/preconditions.ts'
import type { AclEntry, Content, EditableMetadata, ObjectRecord } from '../storage/record.ts'
import { type AcceptedSize, assertAcceptedSize } from './accepted-size.ts'
import { assertDeclared, type DeclaredChecksums, parseGoogHash } from './checksums.ts'

/** An object to be, decided before its bytes arrive. Plain JSON: a resumable session stores it. */
export interface Insertion {
  bucket: string
  name: string
  editable: EditableMetadata
  storageClass: string
  acl: AclEntry[]
  conditions: Preconditions
  declared: DeclaredChecksums
  /** Absent: any size is. */
  acceptedSize?: AcceptedSize | null
}

/** Reads what an upload request says about its object; throws what can be refused before the first byte. */
export function parseInsertion(store: ObjectStore, call: Call, bucketName: string, body: JsonObject): Insertion {
  const bucket = store.bucket(bucketName)
  const { query } = call
  const name = query.get('name') ?? body.name
  if (typeof name === 'string' && typeof body.name === 'string' && body.name !== name) {
    throw invalid(`Value '${body.name}' in content does not agree with value '${name}'.`)
  }
  assertObjectName(typeof name === 'string' ? name : null)
  const editable = parseEditableMetadata(body)
  const contentEncoding = query.get('contentEncoding')
  if (contentEncoding !== null) editable.contentEncoding = contentEncoding
  const insertion: Insertion = {
    bucket: bucketName,
    name: name as string,
    editable,
    storageClass: typeof body.storageClass === 'string' ? body.storageClass : String(bucket.settings.storageClass),
    acl: initialAcl(bucket, query.get('predefinedAcl'), parseAclList(body.acl)),
    conditions: parsePreconditions(query),
    declared: { ...declaredInBody(body), ...parseGoogHash(header(call, 'x-goog-hash') ?? undefined) },
  }
  store.checkWrite(insertion.bucket, insertion.name, insertion.conditions)
  return insertion
}

function declaredInBody(body: JsonObject): DeclaredChecksums {
  const declared: DeclaredChecksums = {}
  if (typeof body.crc32c === 'string') declared.crc32c = body.crc32c
  if (typeof body.md5Hash === 'string') declared.md5Hash = body.md5Hash
  return declared
}

/** Makes stored bytes the live object. The bytes are removed again where that is refused. */
export async function commitInsertion(
  store: ObjectStore,
  insertion: Insertion,
  content: Content,
  uploadId: string | null = null,
): Promise<ObjectRecord> {
  const { conditions, declared, acceptedSize, ...object } = insertion
  try {
    assertAcceptedSize(acceptedSize, content.sizeBytes)
    assertDeclared(declared, content.checksums)
    return await store.put({ ...object, content, uploadId }, conditions)
  } catch (error) {
    await store.content.discard(content.segments)
    throw error
  }
}
