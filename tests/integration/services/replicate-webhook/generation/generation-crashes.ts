import { Timestamp } from '@google-cloud/firestore'
import { jobRef } from '#shared/jobs/job-record.ts'
import { type GenerationWorld, startGenerationWorld } from './generation-world.ts'

/** More moments than the job has; the suite ends at the first that is not reached. */
const MOST_MOMENTS = 100

/**
 * The process dies at the k-th moment of a job (before or after a transaction, a request to Replicate, a write of a
 * picture), and another takes over: for each k, or for every `stride`th.
 */
export function generationCrashSuite(stride: number): void {
  let world: GenerationWorld
  beforeAll(async () => {
    world = await startGenerationWorld()
  })
  afterAll(() => world.close())

  test('wherever the process dies, each prompt gets one prediction at most, and every picture that was made is shown', async () => {
    const seen: string[] = []
    for (let k = 1; k <= MOST_MOMENTS; k += stride) {
      const generation = await world.order()
      let count = 0
      world.crash.with = async (moment) => {
        count += 1
        if (count !== k) return
        seen.push(moment)
        await dieWith(generation.jobId)
        throw new Error('The process has died.')
      }
      const outcome = await world.finish(generation).catch(() => world.finish(generation))
      world.crash.with = null
      expect(outcome.kind).toMatch(/^(done|already-done)$/)
      const ended = await world.read(generation)
      const created = world.created(generation)
      const prompts = created.map(({ input }) => input.prompt)
      const why = `${k}: ${seen.at(-1)}`
      // A crash between the note of a call and the call leaves a prediction that may be there: it is never made again.
      const isUnknown = ended?.error?.message.includes('never answered') ?? false
      expect({ why, prompts: prompts.toSorted(), status: ended?.status, shown: ended?.images.length }).toEqual({
        why,
        prompts: isUnknown ? expect.any(Array) : generation.prompts.toSorted(),
        status: 'succeeded',
        shown: isUnknown ? 1 : 2,
      })
      expect(prompts).toHaveLength(new Set(prompts).size)
      expect(await world.objects(generation)).toHaveLength(isUnknown ? 1 : 2)
      const { quotas } = await world.usage()
      expect(quotas.generations[generation.id]).toMatchObject({ state: 'committed', amount: isUnknown ? 1 : 2 })
      if (count < k) break
    }
    expect(seen).toEqual(expect.arrayContaining(['after create', 'before create', 'after download', 'after write']))
    expect(seen.length).toBeGreaterThan(30 / stride)
  })

  /** As the next claim finds it: a lease that has run out. */
  async function dieWith(jobId: string): Promise<void> {
    const lease = { owner: 'somebody who has died', expiresAt: Timestamp.fromMillis(0) }
    await jobRef(world.db, jobId).update({ lease })
  }
}
