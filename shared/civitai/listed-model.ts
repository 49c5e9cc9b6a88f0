import * as z from 'zod'
import { listOf, optionalDate, optionalNumber, optionalText } from './lenient.ts'
import { type CivitaiModel, modelSchema } from './model.ts'
import { type CivitaiVersion, versionSchema } from './version.ts'

/** A model with what people choose by, as the list and `/models/{id}` both show it. */
export interface CivitaiListedModel extends Omit<CivitaiModel, 'versions'> {
  /** HTML. */
  descriptionHtml: string | null
  tags: string[]
  /** Null for accounts that are gone. */
  creator: string | null
  isNsfw: boolean
  /** A bit for each level that its pictures have: 1 PG, 2 PG-13, 4 R, 8 X, 16 XXX; null where nobody said. */
  nsfwLevel: number | null
  /** `Public`, `Private`, … */
  availability: string | null
  stats: CivitaiStats
  versions: CivitaiListedVersion[]
}

/** Any of them may be hidden by the creator (contract §3). */
export interface CivitaiStats {
  downloadCount: number | null
  thumbsUpCount: number | null
  thumbsDownCount: number | null
  /** 0 to 5, of the years in which models were rated; 0 today. */
  rating: number | null
}

export interface CivitaiListedVersion extends CivitaiVersion {
  descriptionHtml: string | null
  /** Lists don't say it. */
  createdAt: Date | null
  updatedAt: Date | null
}

/** What a version says beyond what a copy needs; named so that nothing is in both halves of the intersection. */
const versionMore = z
  .object({ description: optionalText, createdAt: optionalDate, updatedAt: optionalDate })
  .transform(({ description, ...dates }) => ({ descriptionHtml: description, ...dates }))

/** A version of any answer. */
export const listedVersionSchema: z.ZodType<CivitaiListedVersion> = z.intersection(versionSchema, versionMore)

const statsSchema = z
  .object({
    downloadCount: optionalNumber,
    thumbsUpCount: optionalNumber,
    thumbsDownCount: optionalNumber,
    rating: optionalNumber,
  })
  .nullish()
  .catch(null)

const NO_STATS: CivitaiStats = { downloadCount: null, thumbsUpCount: null, thumbsDownCount: null, rating: null }

/** Today strings, in old data `{name}`. */
const tagSchema = z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)])

const modelMore = z
  .object({
    description: optionalText,
    tags: listOf(tagSchema),
    creator: z.object({ username: optionalText }).nullish().catch(null),
    nsfw: z.boolean().nullish().catch(null),
    nsfwLevel: z.int().nonnegative().nullish().catch(null),
    availability: optionalText,
    stats: statsSchema,
    modelVersions: listOf(listedVersionSchema),
  })
  .transform((more) => ({
    descriptionHtml: more.description,
    tags: more.tags,
    creator: more.creator?.username ?? null,
    isNsfw: more.nsfw ?? false,
    nsfwLevel: more.nsfwLevel ?? null,
    availability: more.availability,
    stats: more.stats ?? NO_STATS,
    versions: more.modelVersions,
  }))

const modelFacts = modelSchema.transform(({ versions: _, ...facts }) => facts)

/** A model of the list, or of `/models/{id}`. Only the id is owed. */
export const listedModelSchema: z.ZodType<CivitaiListedModel> = z
  .intersection(modelFacts, modelMore)
  .transform(({ versions, ...model }) => ({
    ...model,
    versions: versions.map((version) => ({ ...version, modelId: model.id })),
  }))
