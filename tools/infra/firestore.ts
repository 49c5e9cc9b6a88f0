import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { infraPath } from './project.ts'

/** Firebase's form of index declarations, as far as we use it. */
const fileSchema = z.strictObject({
  indexes: z.array(
    z.strictObject({
      collectionGroup: z.string(),
      queryScope: z.literal('COLLECTION'),
      fields: z.array(
        z.strictObject({
          fieldPath: z.string(),
          order: z.enum(['ASCENDING', 'DESCENDING']).optional(),
          arrayConfig: z.literal('CONTAINS').optional(),
        }),
      ),
    }),
  ),
  fieldOverrides: z.array(
    z.strictObject({
      collectionGroup: z.string(),
      fieldPath: z.string(),
      ttl: z.boolean().default(false),
      // Other than none is not used.
      indexes: z.tuple([]),
    }),
  ),
})

/** `infra/firestore.indexes.json`: fields as gcloud's `--field-config` takes them, and fields that no index is kept of. */
export function readFirestore(): {
  indexes: { collection: string; fields: string[] }[]
  ttls: { collection: string; field: string }[]
  unindexed: { collection: string; field: string }[]
} {
  const file = fileSchema.parse(JSON.parse(readFileSync(infraPath('firestore.indexes.json'), 'utf8')))
  return {
    indexes: file.indexes.map(({ collectionGroup, fields }) => ({
      collection: collectionGroup,
      fields: fields.map(({ fieldPath, order, arrayConfig }) =>
        arrayConfig === undefined
          ? `field-path=${fieldPath},order=${(order ?? 'ASCENDING').toLowerCase()}`
          : `field-path=${fieldPath},array-config=contains`,
      ),
    })),
    ttls: file.fieldOverrides.filter(({ ttl }) => ttl).map(place),
    unindexed: file.fieldOverrides.map(place),
  }
}

function place({ collectionGroup, fieldPath }: { collectionGroup: string; fieldPath: string }) {
  return { collection: collectionGroup, field: fieldPath }
}
