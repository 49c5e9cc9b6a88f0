import sharp from 'sharp'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectFacts, ObjectName, ObjectStore } from '#shared/objects/object-store.ts'
import { isOwnResult, removeResults } from '#shared/objects/result-objects.ts'
import type { ImageInput } from '../image-input.ts'
import { showcaseName, showcasePrefix, variantName } from '../object-names.ts'
import { renderVariant } from '../picture/render-variant.ts'
import { planVariants, type VariantPlan, type VariantRule } from '../picture/variants.ts'
import type { Outputs } from './publish.ts'

/** Where an output goes, and what lay there when the job was claimed. */
interface OutputPlace {
  target: ObjectName
  seenAtClaim: ObjectFacts | null
}

/** The places of everything that a job will publish. */
export interface OutputPlaces {
  main: OutputPlace
  variants: (OutputPlace & { plan: VariantPlan })[]
}

/** Looks at every place once, at the claim: what is written later must still find it so. */
export async function lookAtOutputs(
  store: ObjectStore,
  params: { bucket: string; input: ImageInput; rule: VariantRule },
): Promise<OutputPlaces> {
  const { bucket, input } = params
  const look = async (target: ObjectName): Promise<OutputPlace> => ({ target, seenAtClaim: await store.stat(target) })
  const [main, ...variants] = await Promise.all([
    look(showcaseName(bucket, input)),
    ...planVariants(params.rule).map(async (plan) => ({ ...(await look(variantName(bucket, input, plan))), plan })),
  ])
  return { main, variants }
}

/** The outputs of a finished picture at their places; nothing is rendered yet. */
export function outputsOf(picture: Buffer, places: OutputPlaces): Outputs {
  return {
    main: { ...places.main, contentType: 'image/png', render: () => finalise(picture) },
    variants: places.variants.map((place) => ({
      ...place,
      contentType: `image/${place.plan.format}`,
      render: () => renderVariant(picture, place.plan),
    })),
  }
}

/** PNG whatever the provider answered with, and nothing in it but pixels. */
async function finalise(picture: Buffer): Promise<Buffer> {
  return await sharp(picture).toColourspace('srgb').png({ compressionLevel: 6 }).toBuffer()
}

/** Removes what earlier claims of a job that is now canceled wrote: nobody was shown it. */
export async function takeBackOutputs(
  store: ObjectStore,
  run: JobRun<ImageInput>,
  places: OutputPlaces | null,
): Promise<void> {
  if (!places) return
  const seen = [places.main, ...places.variants].flatMap(({ seenAtClaim }) => seenAtClaim ?? [])
  const own = seen.filter((facts) => isOwnResult(run, facts))
  await removeResults(store, own)
}

/** Removes every output of a character that is gone, of any job and any configuration. */
export async function removeAllOutputs(store: ObjectStore, bucket: string, input: ImageInput): Promise<void> {
  for await (const object of store.list(bucket, showcasePrefix(input))) await store.remove(object)
}
