import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { type FieldPath, parseFieldPath } from '#local/documents/values/field-path.ts'

export type IndexMode = 'asc' | 'desc' | 'contains' | 'vector'
export type IndexScope = 'collection' | 'group'

export interface IndexField {
  path: FieldPath
  mode: IndexMode
}

/** An index over the documents of one collection id. The document's name is always its last field. */
export interface Index {
  collectionId: string
  scope: IndexScope
  fields: readonly IndexField[]
}

const indexField = z
  .object({
    fieldPath: z.string().min(1),
    order: z.enum(['ASCENDING', 'DESCENDING']).optional(),
    arrayConfig: z.literal('CONTAINS').optional(),
    vectorConfig: z.looseObject({}).optional(),
  })
  .transform(({ fieldPath, order, arrayConfig, vectorConfig }, context): IndexField => {
    const path = parseFieldPath(fieldPath)
    if (vectorConfig !== undefined) return { path, mode: 'vector' }
    if (arrayConfig !== undefined) return { path, mode: 'contains' }
    if (order === undefined) context.addIssue({ code: 'custom', message: `${fieldPath} has neither order nor array.` })
    return { path, mode: order === 'DESCENDING' ? 'desc' : 'asc' }
  })

const scope = z
  .enum(['COLLECTION', 'COLLECTION_GROUP'])
  .default('COLLECTION')
  .transform((name): IndexScope => (name === 'COLLECTION' ? 'collection' : 'group'))

/** As the Firebase tools and gcloud write it. */
const indexFile = z.object({
  indexes: z
    .array(z.object({ collectionGroup: z.string().min(1), queryScope: scope, fields: z.array(indexField).min(1) }))
    .default([]),
  fieldOverrides: z
    .array(
      z.object({
        collectionGroup: z.string().min(1),
        fieldPath: z.string().min(1),
        indexes: z.array(
          z.object({
            queryScope: scope,
            order: z.enum(['ASCENDING', 'DESCENDING']).optional(),
            arrayConfig: z.literal('CONTAINS').optional(),
          }),
        ),
      }),
    )
    .default([]),
})

/** The indexes that a `firestore.indexes.json` declares, those of single fields included. @throws Error naming what is wrong. */
export function readIndexFile(path: string): Index[] {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Error(`${path} cannot be read as JSON.`, { cause })
  }
  const parsed = indexFile.safeParse(json)
  if (!parsed.success) throw new Error(`${path} is no list of indexes: ${z.prettifyError(parsed.error)}`)
  const { indexes, fieldOverrides } = parsed.data
  return [
    ...indexes.map(({ collectionGroup, queryScope, fields }) => ({
      collectionId: collectionGroup,
      scope: queryScope,
      fields,
    })),
    ...fieldOverrides.flatMap(({ collectionGroup, fieldPath, indexes: single }) =>
      single.map(({ queryScope, order, arrayConfig }) => ({
        collectionId: collectionGroup,
        scope: queryScope,
        fields: [{ path: parseFieldPath(fieldPath), mode: modeOf(order, arrayConfig) }],
      })),
    ),
  ]
}

function modeOf(order: 'ASCENDING' | 'DESCENDING' | undefined, arrayConfig: 'CONTAINS' | undefined): IndexMode {
  if (arrayConfig !== undefined) return 'contains'
  return order === 'DESCENDING' ? 'desc' : 'asc'
}
