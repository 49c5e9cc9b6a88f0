import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import protobuf from 'protobufjs'

const PACKAGE = 'google.firestore.v1'

/**
 * Responses carry documents as the bytes that the store already holds: a message and a bytes field have the same wire
 * form, so nothing is encoded twice. Field and message names are those of google.firestore.v1.
 */
const DOCUMENT_FIELDS: Readonly<Record<string, string>> = {
  BatchGetDocumentsResponse: 'found',
  RunQueryResponse: 'document',
  ListDocumentsResponse: 'documents',
  DocumentChange: 'document',
}

function loadRoot(): protobuf.Root {
  // The client's `exports` hide its protos, its package.json they show.
  const manifest = createRequire(import.meta.url).resolve('@google-cloud/firestore/package.json')
  const descriptor = JSON.parse(readFileSync(join(dirname(manifest), 'build/protos/v1.json'), 'utf8'))
  const messages = descriptor.nested.google.nested.firestore.nested.v1.nested
  for (const [message, field] of Object.entries(DOCUMENT_FIELDS)) messages[message].fields[field].type = 'bytes'
  return protobuf.Root.fromJSON(descriptor)
}

const root = loadRoot()

/** The message type of that name in google.firestore.v1. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(name.includes('.') ? name : `${PACKAGE}.${name}`)
}

/** The service's methods as the installed client knows them. */
export function firestoreMethods(): protobuf.Method[] {
  return root.lookupService(`${PACKAGE}.Firestore`).methodsArray.map((method) => method.resolve() as protobuf.Method)
}

export const DocumentType = messageType('Document')
