import * as z from 'zod'
import { type CivitaiFile, fileSchema } from './file.ts'
import { idText, listOf, optionalDate, optionalId, optionalNumber, optionalText } from './lenient.ts'

/** A version that only some may load for now. */
export interface EarlyAccess {
  /** Null where nobody said, or where it stays for sale. */
  endsAt: Date | null
  isPermanent: boolean
}

/** One version of a model, from its own answer or from its model's. */
export interface CivitaiVersion {
  id: string
  /** Null where the answer did not say. */
  modelId: string | null
  name: string
  baseModel: string | null
  /** `Published`, `Draft`, … ; lists don't say it. */
  status: string | null
  /** `Public`, `EarlyAccess`, `Private`, … */
  availability: string | null
  /** `Download`, `Generation`, …; only in a version's own answer. */
  usageControl: string | null
  earlyAccess: EarlyAccess | null
  publishedAt: Date | null
  /** The creator's order on the model's page, from 0. */
  index: number | null
  trainedWords: string[]
  files: CivitaiFile[]
  /** Of its model, in a version's own answer. */
  model: { name: string | null; type: string | null; mode: string | null; showsRealPerson: boolean } | null
}

const DAY_MS = 86_400_000

/** Null fields, missing fields and fields of any year are the same here (contract §3). */
export const versionSchema = z
  .object({
    id: idText,
    modelId: optionalId,
    name: optionalText,
    baseModel: optionalText,
    status: optionalText,
    availability: optionalText,
    usageControl: optionalText,
    publishedAt: optionalDate,
    index: optionalNumber,
    trainedWords: listOf(z.string()),
    files: listOf(fileSchema),
    model: z
      .object({
        name: optionalText,
        type: optionalText,
        mode: optionalText,
        poi: z.boolean().nullish().catch(null),
      })
      .nullish()
      .catch(null),
    // Three generations of one fact.
    paidAccess: z
      .object({ permanent: z.boolean().nullish().catch(null), endsAt: optionalDate })
      .nullish()
      .catch(null),
    earlyAccessEndsAt: optionalDate,
    earlyAccessTimeFrame: optionalNumber,
  })
  .transform(
    (version): CivitaiVersion => ({
      id: version.id,
      modelId: version.modelId,
      name: version.name ?? version.id,
      baseModel: version.baseModel,
      status: version.status,
      availability: version.availability,
      usageControl: version.usageControl,
      earlyAccess: readEarlyAccess(version),
      publishedAt: version.publishedAt,
      index: version.index,
      trainedWords: [...new Set(version.trainedWords.map((word) => word.trim()).filter((word) => word !== ''))],
      files: version.files,
      model: version.model
        ? {
            name: version.model.name,
            type: version.model.type,
            mode: version.model.mode,
            showsRealPerson: version.model.poi ?? false,
          }
        : null,
    }),
  )

/** Whether somebody without a purchase is refused at `nowMs`. */
export function isInEarlyAccess({ earlyAccess }: CivitaiVersion, nowMs: number): boolean {
  if (earlyAccess === null) return false
  return earlyAccess.isPermanent || earlyAccess.endsAt === null || earlyAccess.endsAt.getTime() > nowMs
}

function readEarlyAccess(version: {
  availability: string | null
  publishedAt: Date | null
  paidAccess?: { permanent?: boolean | null | undefined; endsAt: Date | null } | null | undefined
  earlyAccessEndsAt: Date | null
  earlyAccessTimeFrame: number | null
}): EarlyAccess | null {
  const { paidAccess, publishedAt, earlyAccessTimeFrame } = version
  if (paidAccess) return { endsAt: paidAccess.endsAt, isPermanent: paidAccess.permanent ?? false }
  if (version.earlyAccessEndsAt) return { endsAt: version.earlyAccessEndsAt, isPermanent: false }
  if (publishedAt && earlyAccessTimeFrame !== null && earlyAccessTimeFrame > 0) {
    return { endsAt: new Date(publishedAt.getTime() + earlyAccessTimeFrame * DAY_MS), isPermanent: false }
  }
  return version.availability === 'EarlyAccess' ? { endsAt: null, isPermanent: false } : null
}
