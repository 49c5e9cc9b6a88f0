import type { Firestore } from '@google-cloud/firestore'
import { showComplete } from '#shared/documents/characters.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { readCurrentCharacter } from '../current-character.ts'
import type { ImageInput, ImageNote } from '../image-input.ts'
import { type VariantPlan, variantUrls } from '../picture/variants.ts'
import { type Output, type OutputDeps, outputUrl, removeOutputs, writeOutput } from './write-output.ts'

export interface PublishDeps extends OutputDeps {
  db: Firestore
}

/** Everything that is to be seen of a finished picture. */
export interface Outputs {
  /** The PNG under the contract's name. */
  main: Output
  variants: readonly (Output & { plan: VariantPlan })[]
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
  const write = async (output: Output): Promise<string> => {
    run.signal.throwIfAborted()
    const facts = await writeOutput(deps, run, output)
    written.push(facts)
    return outputUrl(deps.resultUrl, facts)
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
    if (error instanceof CanceledError) await removeOutputs(deps.store, written)
    throw error
  }
}
