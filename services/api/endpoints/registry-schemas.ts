import * as z from 'zod'
import { BASE_MODELS } from '#shared/registry/model/base-models.ts'
import { MODEL_TYPES } from '#shared/registry/model/model-types.ts'
import { MODEL_SOURCES } from '#shared/registry/model/registry-model.ts'
import { wireModelSchema } from '#shared/registry/model/wire-model.ts'
import { SEARCH_SORTS } from '#shared/registry/search/search-query.ts'
import { textSchema } from './common-schemas.ts'

/** Several words of a set, as `a,b` or as a parameter that is repeated; none for all. */
function anyOf<const T extends readonly [string, ...string[]]>(words: T) {
  const split = (value: unknown): unknown => (value === undefined ? [] : [value].flat().flatMap(partsOf))
  return z
    .preprocess(split, z.array(z.enum(words)).max(words.length))
    .default([])
    .describe('Several with commas between them; all without it.')
}

function partsOf(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',').filter((part) => part !== '') : [value]
}

const wordSchema = textSchema({ min: 1, max: 100 })
const limitSchema = z.coerce.number().int().min(1).max(100).default(20)
/** A search's token remembers what was shown. */
const cursorSchema = z.string().max(12_000).optional().describe('`next_cursor` of the page before this one.')

export const searchQuery = z.strictObject({
  q: textSchema({ min: 1, max: 200 }).optional(),
  source: anyOf(MODEL_SOURCES),
  type: anyOf(MODEL_TYPES),
  base: anyOf(BASE_MODELS),
  tag: wordSchema.optional(),
  task: wordSchema.optional().describe('As Hugging Face names it: `text-to-image`.'),
  library: wordSchema.optional().describe('As Hugging Face names it: `diffusers`.'),
  sort: z.enum(SEARCH_SORTS).default('popularity'),
  nsfw: z.enum(['true', 'false']).default('false').describe('Whether what is not for everybody is shown too.'),
  limit: limitSchema,
  cursor: cursorSchema,
})

export const listQuery = z.strictObject({
  source: anyOf(MODEL_SOURCES),
  type: anyOf(MODEL_TYPES),
  base: anyOf(BASE_MODELS),
  limit: limitSchema,
  cursor: z.string().max(1_000).optional().describe('`next_cursor` of the page before this one.'),
})

export const pageQuery = z.strictObject({ limit: limitSchema, cursor: cursorSchema })
export const updatesQuery = z.strictObject({ cursor: listQuery.shape.cursor })

/** An id of a document (the app's are of any form), or one of the registry. */
const modelIdSchema = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'Give the id of a model.')
  .describe('Of its document, or of the registry, URL-encoded: `civitai:123@456`, `hf:owner/name`.')

export const modelIdParams = z.strictObject({ id: modelIdSchema })

export const sha256Schema = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{64}$/, 'Give the 64 hexadecimal digits of a SHA-256.')

/** What people may say of a model of theirs. */
const nameSchema = textSchema({ min: 1, max: 200 })
const tagsSchema = z.array(wordSchema).max(50)
/** Lines and tabs are the only control characters of a text. */
const descriptionSchema = z
  .string()
  .trim()
  .min(1)
  .max(4_000)
  .regex(/^(?:[^\p{Cc}\p{Cs}]|[\n\t])*$/u, 'Control characters are not taken.')
const triggerWordsSchema = z.array(textSchema({ min: 1, max: 200 })).max(50)

/** What `POST /api/registry/models` takes for `source`. */
const sourceSchema = z.union([
  z
    .string()
    .trim()
    .min(1)
    .max(4_000)
    .describe('`civitai:123@456`, `hf:owner/name@revision:file`, a page of either, or an https address of a file.'),
  z
    .strictObject({ upload: z.string().min(1).max(500), sha256: sha256Schema })
    .describe('A file that was uploaded by `POST /api/registry/uploads`.'),
])

export const addModelBody = z
  .strictObject({
    source: sourceSchema,
    name: nameSchema.optional(),
    type: z.enum(MODEL_TYPES).optional().describe('Where the source does not say it.'),
    sync: z.boolean().default(false).describe('Copy it into the models bucket at once.'),
    system: z.boolean().default(false).describe('For everybody; operators only.'),
  })
  .meta({ id: 'NewModel', examples: [{ source: 'civitai:4384@128713', sync: true }] })

export const changeModelBody = z
  .strictObject({
    name: nameSchema.optional(),
    description: descriptionSchema.nullable().optional(),
    tags: tagsSchema.optional(),
    trigger_words: triggerWordsSchema.optional(),
    recommended_weight: z.number().gt(0).max(2).nullable().optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'Say what to change.')
  .meta({ id: 'ModelChange', examples: [{ name: 'Dunes', trigger_words: ['dune'], recommended_weight: 0.7 }] })

export const lookupBody = z.strictObject({ sha256: sha256Schema }).meta({
  id: 'ModelLookup',
  examples: [{ sha256: '879db523c30d3b9017143d56705015e15a2cb5628762c11d086fed9538abd7fd' }],
})

const modelSchema = wireModelSchema.meta({
  id: 'Model',
  description:
    'One model at one version, whatever source it comes from. `model_id` is null for what is not registered.',
})

export const modelAnswerSchema = z.strictObject({ model: modelSchema }).meta({ id: 'ModelAnswer' })
export const foundModelSchema = z.strictObject({ model: modelSchema.nullable() }).meta({ id: 'FoundModel' })

const noteSchema = z
  .strictObject({
    source: z.enum(MODEL_SOURCES),
    code: z.string(),
    message: z.string(),
    asked_again: z.boolean().describe('Whether the next page asks it again, from where it stood.'),
    retry_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'SourceNote', description: 'Why a source is missing, or gave less than it has.' })

const nextSchema = z.string().nullable().describe('For `cursor`; null at the end.')

export const searchPageSchema = z
  .strictObject({
    models: z.array(modelSchema).describe('A page may be short, or empty, before the end.'),
    next_cursor: nextSchema,
    notes: z.array(noteSchema),
  })
  .meta({ id: 'SearchPage' })

export const modelPageSchema = z
  .strictObject({ models: z.array(modelSchema), next_cursor: nextSchema })
  .meta({ id: 'ModelPage' })

const versionSchema = z
  .strictObject({
    version: z.string().nullable(),
    source_version_id: z.string().nullable(),
    published_at: z.iso.datetime().nullable(),
    remote_url: z.string().nullable(),
  })
  .meta({ id: 'ModelVersion' })

export const updatePageSchema = z
  .strictObject({
    updates: z.array(
      z
        .strictObject({ model_id: z.string(), name: z.string(), current: versionSchema, newest: versionSchema })
        .meta({ id: 'ModelUpdate' }),
    ),
    next_cursor: nextSchema,
    notes: z.array(noteSchema),
  })
  .meta({ id: 'ModelUpdatePage' })

export type SearchPageView = z.input<typeof searchPageSchema>
export type NoteView = z.input<typeof noteSchema>
export type UpdatePageView = z.input<typeof updatePageSchema>
export type VersionView = z.input<typeof versionSchema>
export type ModelSourceWish = z.output<typeof sourceSchema>
