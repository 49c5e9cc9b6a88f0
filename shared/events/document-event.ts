import type { DecodedDocument, DocumentWrittenEvent, EventAttributes } from './cloud-event.ts'
import { decodeDocumentEventData } from './decode-document-event-data.ts'
import type { DocumentEventDataJson, DocumentJson } from './document-event-data.ts'
import { toPlainFields } from './document-value.ts'
import type { EventData } from './envelope.ts'
import { badField, missingField } from './event-error.ts'
import { parseDocumentEventDataJson } from './parse-document-json.ts'

const TYPE = /^google\.cloud\.firestore\.document\.v1\.(created|updated|deleted|written)(\.withAuthContext)?$/
const NAME = /^projects\/([^/]+)\/databases\/([^/]+)\/documents\/([^/]+\/[^/].*)$/s

/** Whether the type is one of the eight that say that a Firestore document changed. */
export function isDocumentEventType(type: string): boolean {
  return TYPE.test(type)
}

/**
 * Reads a document event. Which document it is about comes from the body, since a header can't hold every id; only an
 * event with neither side falls back on the attributes. Throws UndecodableEventError.
 */
export function readDocumentWritten(
  attributes: EventAttributes,
  extensions: Readonly<Record<string, string>>,
  data: EventData,
): DocumentWrittenEvent {
  const body = data.encoding === 'json' ? parseDocumentEventDataJson(data.json) : decodeDocumentEventData(data.bytes)
  const before = toDocument(body.oldValue)
  const after = toDocument(body.value)
  const { authtype, authid } = extensions
  return {
    kind: 'document-written',
    ...attributes,
    change: changeOf(before, after),
    ...locate(body, before, after, attributes, extensions),
    before,
    after,
    updateMask: body.updateMask?.fieldPaths ?? [],
    updateTime: after?.updateTime ?? null,
    auth: authtype === undefined ? null : { type: authtype, id: authid ?? null },
  }
}

/** A side without a name is no document: Google's own sample of a creation carries an empty `oldValue`. */
function toDocument(json: DocumentJson | undefined): DecodedDocument | null {
  if (json?.name === undefined) return null
  return {
    name: json.name,
    fields: toPlainFields(json.fields ?? {}),
    createTime: json.createTime ?? null,
    updateTime: json.updateTime ?? null,
  }
}

function changeOf(before: DecodedDocument | null, after: DecodedDocument | null): DocumentWrittenEvent['change'] {
  if (after !== null) return before === null ? 'created' : 'updated'
  return before === null ? 'none' : 'deleted'
}

function locate(
  body: DocumentEventDataJson,
  before: DecodedDocument | null,
  after: DecodedDocument | null,
  attributes: EventAttributes,
  extensions: Readonly<Record<string, string>>,
): { project: string; database: string; document: string } {
  const name = after?.name ?? before?.name
  if (name === undefined) {
    // A side with fields but without a name is damage, not the emulator's event about nothing.
    if (body.value?.fields !== undefined || body.oldValue?.fields !== undefined) throw missingField('value.name')
    return locateByAttributes(attributes, extensions)
  }
  if (before !== null && before.name !== name) throw badField('oldValue.name', 'the same document as value.name')
  const [, project, database, document] = NAME.exec(name) ?? []
  if (project === undefined || database === undefined || document === undefined) {
    throw badField(after === null ? 'oldValue.name' : 'value.name', 'projects/P/databases/D/documents/COLLECTION/ID')
  }
  return { project, database, document }
}

function locateByAttributes(attributes: EventAttributes, extensions: Readonly<Record<string, string>>) {
  const document = extensions.document ?? attributes.subject?.replace(/^documents\//, '')
  // The emulator writes `projects/projects/P`.
  const source = /projects\/([^/]+)\/databases\/([^/]+)$/.exec(attributes.source)
  const project = extensions.project ?? source?.[1]
  const database = extensions.database ?? source?.[2]
  if (document === undefined || document === '') throw missingField('ce-document')
  if (project === undefined) throw missingField('ce-project')
  if (database === undefined) throw missingField('ce-database')
  return { project, database, document }
}
