import { readFileSync } from 'node:fs'
import type { Firestore, Query } from '@google-cloud/firestore'
import * as z from 'zod'
import { type Examined, type Finding, failed, ok, startLocalCloud } from './finding.ts'

/** gRPC codes: https://grpc.io/docs/guides/status-codes/ */
const NOT_FOUND = 5
const PERMISSION_DENIED = 7
const FAILED_PRECONDITION = 9

const indexFile = new URL('../../infra/firestore.indexes.json', import.meta.url)
const indexesSchema = z.object({
  indexes: z.array(
    z.object({
      collectionGroup: z.string(),
      queryScope: z.enum(['COLLECTION', 'COLLECTION_GROUP']),
      fields: z.array(
        z.object({
          fieldPath: z.string(),
          order: z.enum(['ASCENDING', 'DESCENDING']).optional(),
          arrayConfig: z.literal('CONTAINS').optional(),
        }),
      ),
    }),
  ),
})
export type DeclaredIndex = z.output<typeof indexesSchema>['indexes'][number]

/** The composite indexes that infra/ declares. */
function declaredIndexes(): DeclaredIndex[] {
  return indexesSchema.parse(JSON.parse(readFileSync(indexFile, 'utf8'))).indexes
}

/** Reads a document that is not there: what matters is who answers. */
export async function checkDocuments(db: Firestore, { config, isLocal }: Examined): Promise<Finding> {
  const { GOOGLE_CLOUD_PROJECT: project, FIRESTORE_DATABASE: database } = config
  const check = `Firestore ${database}`
  try {
    await db.doc('jobs/forge-doctor').get()
    return ok(check, `The database of ${project} answers.`)
  } catch (error) {
    const code = codeOf(error)
    if (code === NOT_FOUND) return failed(check, `${project} has no database ${database}.`, 'deploy/setup.sh')
    if (code === PERMISSION_DENIED) {
      const mend = `gcloud projects add-iam-policy-binding ${project} --member=user:YOU --role=roles/datastore.user`
      return failed(check, 'You may not read the database.', mend)
    }
    const mend = isLocal
      ? startLocalCloud
      : `gcloud firestore databases describe --database='${database}' --project=${project}`
    return failed(check, `The database cannot be reached: ${messageOf(error)}`, mend)
  }
}

/** Asks, for each declared index, what takes it: only the database knows whether it is there and ready. */
export async function checkIndexes(
  db: Firestore,
  examined: Examined,
  indexes: readonly DeclaredIndex[] = declaredIndexes(),
): Promise<Finding[]> {
  const findings = await Promise.all(indexes.map((index) => checkIndex(db, index, examined)))
  const bad = findings.filter(({ status }) => status !== 'ok')
  return bad.length > 0 ? bad : [ok('indexes', `All ${indexes.length} composite indexes serve.`)]
}

async function checkIndex(db: Firestore, index: DeclaredIndex, { config }: Examined): Promise<Finding> {
  const described = index.fields.map(({ fieldPath, order, arrayConfig }) => `${fieldPath} ${order ?? arrayConfig}`)
  const check = `index ${index.collectionGroup} (${described.join(', ')})`
  try {
    await queryOf(db, index).limit(1).get()
    return ok(check, 'serves')
  } catch (error) {
    const message = messageOf(error)
    if (codeOf(error) !== FAILED_PRECONDITION) return failed(check, message, 'forge doctor')
    if (/currently building|not ready/i.test(message)) {
      const list = `gcloud firestore indexes composite list --project=${config.GOOGLE_CLOUD_PROJECT}`
      return failed(check, 'The index is still being built; queries that take it fail until then.', list)
    }
    return failed(check, 'The index is missing: queries that take it fail.', createIndex(index, config))
  }
}

/** All fields but the last are equal to something that nobody has; the last one sorts. */
function queryOf(db: Firestore, { collectionGroup, queryScope, fields }: DeclaredIndex): Query {
  const all = queryScope === 'COLLECTION' ? db.collection(collectionGroup) : db.collectionGroup(collectionGroup)
  const nobodys = '\u0000forge-doctor'
  return fields.reduce<Query>((query, { fieldPath, order, arrayConfig }, place) => {
    if (arrayConfig) return query.where(fieldPath, 'array-contains', nobodys)
    if (place < fields.length - 1) return query.where(fieldPath, '==', nobodys)
    return query.orderBy(fieldPath, order === 'DESCENDING' ? 'desc' : 'asc')
  }, all)
}

function createIndex({ collectionGroup, queryScope, fields }: DeclaredIndex, config: Examined['config']): string {
  const flags = fields.map(({ fieldPath, order, arrayConfig }) => {
    const mode = arrayConfig ? 'array-config=contains' : `order=${order?.toLowerCase()}`
    return `--field-config=field-path=${fieldPath},${mode}`
  })
  const scope = queryScope === 'COLLECTION' ? [] : ['--query-scope=collection-group']
  const place = [`--project=${config.GOOGLE_CLOUD_PROJECT}`, `--database='${config.FIRESTORE_DATABASE}'`]
  const words = [`--collection-group=${collectionGroup}`, ...scope, ...flags, ...place]
  return `gcloud firestore indexes composite create ${words.join(' ')}`
}

function codeOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'number' ? error.code : null
}

/** The client's own sentence; the first line says what it is. */
function messageOf(error: unknown): string {
  const message =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
  return message.split('\n')[0] ?? ''
}
