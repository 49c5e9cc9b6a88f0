import type { Firestore } from '@google-cloud/firestore'
import { showComplete } from '#shared/documents/characters.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import {
  type ResultDeps,
  type ResultObject,
  removeResults,
  resultUrl,
  writeResult,
} from '#shared/objects/result-objects.ts'
import { readCurrentCharacter } from '../current-character.ts'
import type { ImageInput, ImageNote } from '../image-input.ts'
import { type VariantPlan, variantUrls } from '../picture/variants.ts'

export interface PublishDeps extends ResultDeps {
  db: Firestore
}

/** Everything that is to be seen of a finished picture. */
export interface Outputs {
  /** The PNG under the contract's name. */
  main: ResultObject
  variants: readonly (ResultObject & { plan: VariantPlan })[]
}

/**
 * Makes the result visible: the objects, each under the generation seen at claim, then the document in one transaction
 * that checks fence, run slot, owner and main image. If the document says no, the objects go again. The document names
 * none before all are there.
 */
export async function publish(
  deps: PublishDeps,
  run: JobRun<ImageInput>,
  params: { outputs: Outputs; note: ImageNote; result: Record<string, unknown> },
): Promise<string> {
  const { outputs, note } = params
  const written: ObjectFacts[] = []
  const write = async (output: ResultObject): Promise<string> => {
    run.signal.throwIfAborted()
    const facts = await writeResult(deps, run, output)
    written.push(facts)
    return resultUrl(deps.resultUrl, facts)
  }
  try {
    const url = await write(outputs.main)
    // One after another: each is a whole picture in memory.
    const published: { plan: VariantPlan; url: string }[] = []
    for (const variant of outputs.variants) published.push({ plan: variant.plan, url: await write(variant) })
    const variants = variantUrls(published)
    const generation = written[0]?.generation ?? null
    await run.complete({ ...params.result, url, generation, variants }, async (transaction) => {
      const character = await readCurrentCharacter(transaction, deps.db, { input: run.input, note })
      return showComplete(deps.db, character.id, { url, variants, jobId: run.id })
    })
    return url
  } catch (error) {
    // Only what nobody was shown is removed: a canceled job's, and only while it is still the one that lies there.
    if (error instanceof CanceledError) await removeResults(deps.store, written)
    throw error
  }
}
