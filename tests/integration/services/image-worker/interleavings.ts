import type { StartDocuments } from '../../../support/documents.ts'
import { everyNth, isFull } from '../../../support/how-many.ts'
import type { ImageCase } from '../../../support/image-case.ts'
import {
  forgeCase,
  type GatedCase,
  GatedRun,
  holdAt,
  type Phase,
  phases,
  results,
  shownPicture,
  subject,
  useGatedWorld,
} from './gated-run.ts'

/** What the two runs do one after the other: the object and the document are written apart, so they count as two. */
const moves = ['claim', 'provider', 'object', 'document'] as const
type Move = (typeof moves)[number]
const heldAfter: Record<Move, Phase | null> = {
  claim: 'claimed',
  provider: 'loading',
  object: 'object-written',
  document: null,
}

/** Every order of `a` and `b` in which each keeps its own: C(8,4) = 70. */
function interleavings(length: number): ('older' | 'newer')[][] {
  const weave = (older: number, newer: number): ('older' | 'newer')[][] => {
    if (older === 0 && newer === 0) return [[]]
    const first = older > 0 ? weave(older - 1, newer).map((rest) => ['older' as const, ...rest]) : []
    const second = newer > 0 ? weave(older, newer - 1).map((rest) => ['newer' as const, ...rest]) : []
    return [...first, ...second]
  }
  return weave(length, length)
}

/** Two uploads, changes of the character in mid-run, and an instance that stalls: the newest current picture is shown. */
export function interleavedRuns(setup: { documents: StartDocuments }): void {
  const world = useGatedWorld(setup.documents)

  /** The app's reprocess: the status first, then a copy under a name of its own. */
  async function reprocess(one: GatedCase, colour: string) {
    await world.db.doc(`characters/${one.characterId}`).update({
      'visuals.isShowcaseProcessed': false,
      'visuals.showcaseImageUrl': null,
      'visuals.showcaseProcessingStatus': 'removing-background',
    })
    const { resource } = await world.uploadRaw(
      one.uploadName.replace('.png', '-b.png'),
      await subject(one.side, colour),
    )
    return resource
  }

  test('two uploads in every interleaving of claim, provider call, object and document: the newer one is shown', async () => {
    const orders = everyNth(interleavings(moves.length), 3)
    const tried: string[] = []
    const next = orders[Symbol.iterator]()
    const lane = async () => {
      for (const order of next) tried.push(await tryOrder(order))
    }
    await Promise.all(Array.from({ length: 8 }, lane))
    expect(tried).toHaveLength(isFull ? 70 : 24)
    console.log(`interleavings tried (A older, B newer; small: ended before it):\n  ${tried.sort().join('\n  ')}`)
  })

  async function tryOrder(order: ('older' | 'newer')[]): Promise<string> {
    const one = await forgeCase(world, 'red')
    const newerUpload = await reprocess(one, 'blue')
    const runs = { older: new GatedRun(world, one), newer: new GatedRun(world, one, newerUpload) }
    const done = { older: 0, newer: 0 }
    const steps: string[] = []
    for (const who of order) {
      const move = moves[done[who]++] as Move
      const run = runs[who]
      const name = `${who === 'older' ? 'A' : 'B'}.${move}`
      if (run.status !== null) {
        steps.push(name.toLowerCase())
        continue
      }
      const phase = heldAfter[move]
      if (phase === null) await run.finish()
      else await run.goOn(phase)
      steps.push(name)
    }
    await runs.older.redeliver()
    await runs.newer.redeliver()
    await expectShown(one, { colour: 'blue', source: String(newerUpload.name), trace: steps.join(' ') })
    const states = await statesOf(one)
    expect(states).toEqual([expect.stringMatching(/^(canceled|done)$/), 'done'])
    return `${steps.join(' ')} → A ${states[0]}, B shown`
  }

  /** The states of the case's jobs, the older upload's first. */
  async function statesOf(one: ImageCase): Promise<string[]> {
    const jobs = await world.jobsOf(one)
    return jobs
      .map((job) => ({ name: (job.input as { name: string }).name, state: job.state }))
      .sort((a, b) => a.name.length - b.name.length)
      .map(({ state }) => state)
  }

  async function expectShown(one: GatedCase, wanted: { colour: string; source: string; trace: string }): Promise<void> {
    const shown = await shownPicture(world, one)
    expect({ trace: wanted.trace, status: shown.visuals.showcaseProcessingStatus, served: shown.status }).toEqual({
      trace: wanted.trace,
      status: 'complete',
      served: 200,
    })
    expect({ trace: wanted.trace, colour: shown.colour }).toEqual({ trace: wanted.trace, colour: wanted.colour })
    expect(String(shown.metadata.metadata?.forgeSource)).toContain(`/${wanted.source}#`)
    expect(new URL(String(shown.visuals.showcaseImageUrl)).searchParams.get('v')).toBe(shown.generation)
  }

  test('the main image changed at each phase: nothing is published, and the app’s reset stays', async () => {
    await Promise.all(
      phases.map(async (phase) => {
        const one = await forgeCase(world)
        const run = new GatedRun(world, one)
        expect(await run.goOn(phase)).toBe('held')
        const character = world.db.doc(`characters/${one.characterId}`)
        await character.update({ 'visuals.imageUrl': 'https://example.com/other.png' })
        expect({ phase, status: await run.finish() }).toEqual({ phase, status: 204 })
        expect({ phase, left: await results(world, one) }).toEqual({ phase, left: [] })
        await character.update({
          'visuals.isShowcaseProcessed': false,
          'visuals.showcaseImageUrl': null,
          'visuals.showcaseProcessingStatus': 'idle',
        })
        await world.deliverUntilAcknowledged(one.resource)
        const { visuals } = await world.readCharacter(one)
        expect({ phase, ...visuals }).toMatchObject({
          phase,
          showcaseProcessingStatus: 'idle',
          isShowcaseProcessed: false,
          showcaseImageUrl: null,
        })
        expect(await world.jobsOf(one)).toMatchObject([
          { state: 'canceled', failure: { code: 'image.main-image-changed' } },
        ])
      }),
    )
    expect(await world.temporaries()).toEqual([])
    console.log(`main image changed at: ${phases.join(', ')}`)
  })

  test('the character deleted at each phase: no document comes back, and the output is removed, an earlier one too', async () => {
    await Promise.all(
      phases.flatMap((phase) =>
        [false, true].map(async (hasEarlier) => {
          const one = await forgeCase(world)
          let { resource } = one
          if (hasEarlier) {
            await world.deliverUntilAcknowledged(resource)
            expect(await results(world, one)).toHaveLength(1)
            resource = await reprocess(one, 'blue')
          }
          const run = new GatedRun(world, one, resource)
          expect(await run.goOn(phase)).toBe('held')
          await world.db.doc(`characters/${one.characterId}`).delete()
          expect({ phase, status: await run.finish() }).toEqual({ phase, status: 204 })
          await world.deliverUntilAcknowledged(resource)
          expect({ phase, exists: (await world.readCharacter(one)).exists }).toEqual({ phase, exists: false })
          expect({ phase, left: await results(world, one) }).toEqual({ phase, left: [] })
        }),
      ),
    )
    expect(await world.temporaries()).toEqual([])
    console.log(`character deleted at, each without and with an earlier result: ${phases.join(', ')}`)
  })

  test('a gate that nobody passes holds nobody, and one that is closed does', async () => {
    const one = await forgeCase(world)
    const gate = holdAt(world, one, 'upscale')
    const run = new GatedRun(world, one)
    const finished = run.finish()
    await gate.reached
    expect(run.status).toBeNull()
    gate.open()
    expect(await finished).toBe(204)
  })
}
