import type { StartDocuments } from '../../../support/documents.ts'
import type { ImageCase } from '../../../support/image-case.ts'
import type { ServiceUnderTest } from '../../../support/service-under-test.ts'
import { until } from '../../../support/until.ts'
import {
  forgeCase,
  type GatedCase,
  holdAt,
  type Phase,
  phases,
  results,
  shownPicture,
  subject,
  useGatedWorld,
} from './gated-run.ts'

/** Over soon once nobody renews it. */
const leaseMs = 1_000
const stuckAfterMs = 300

/** What happens while the first instance stands still. */
const meanwhile = ['redelivered', 'newer-upload', 'main-image-changed', 'deleted'] as const
type Meanwhile = (typeof meanwhile)[number]

interface Stall {
  phase: Phase
  meanwhile: Meanwhile
  one: GatedCase
  gate: { open(): void }
  /** The delivery that the stalled instance works on. */
  answer: Promise<Response>
  /** The upload that ought to be shown in the end. */
  current: Record<string, unknown>
}

/** One of two instances is stopped (SIGSTOP) at each phase, its leases run out, and it wakes up (SIGCONT) last of all. */
export function stalledInstance(documents: StartDocuments): void {
  const world = useGatedWorld(documents, { LEASE_MS: String(leaseMs), STUCK_AFTER_MS: String(stuckAfterMs) })
  let second: ServiceUnderTest
  beforeAll(async () => {
    second = await world.startAnotherWorker()
  })

  test('a stalled instance that wakes last overwrites nothing, publishes nothing and brings nothing back', async () => {
    const stalls = await Promise.all(phases.flatMap((phase) => meanwhile.map((event) => bringTo(phase, event))))
    const mark = world.clipdrop.requests.length
    world.worker.child.kill('SIGSTOP')
    await Promise.all(stalls.map(takeOver))
    const paid = world.charged(mark)
    // Only what the stalled run had not stored is done again; what is redelivered goes on where that one stood.
    const ofRedelivered = { background: 2, upscale: 3 }
    const ofNewer = phases.length
    expect(paid).toEqual({
      background: ofRedelivered.background + ofNewer,
      upscale: ofRedelivered.upscale + ofNewer,
    })
    const shownBefore = new Map(
      await Promise.all(stalls.map(async (stall) => [stall, await stateOf(stall.one)] as const)),
    )

    // What it had asked the bucket server for is carried out only now, and then it wakes up itself.
    for (const { gate } of stalls) gate.open()
    world.worker.child.kill('SIGCONT')
    await Promise.all(stalls.map(async (stall) => await endsOnFirst(stall)))

    const report: string[] = []
    for (const stall of stalls) {
      const { phase, meanwhile: event, one } = stall
      const label = `${phase}, ${event}`
      expect({ label, state: await stateOf(one) }).toEqual({ label, state: shownBefore.get(stall) })
      const jobs = await world.jobsOf(one)
      expect({ label, live: jobs.filter(({ lease }) => lease !== null).length }).toEqual({ label, live: 0 })
      if (event === 'redelivered' || event === 'newer-upload') await expectCurrent(stall, label)
      else expect({ label, left: await results(world, one) }).toEqual({ label, left: [] })
      report.push(`stalled at ${label}: ${jobs.map(({ state }) => state).join(' and ')}`)
    }
    await expectTidy()
    console.log(`a stalled instance waking last:\n  ${report.join('\n  ')}`)
  })

  /** A run on the first instance, held at the phase. */
  async function bringTo(phase: Phase, event: Meanwhile): Promise<Stall> {
    const one = await forgeCase(world, 'red')
    const gate = holdAt(world, one, phase)
    const answer = world.deliver(one.resource)
    await gate.reached
    return { phase, meanwhile: event, one, gate, answer, current: one.resource }
  }

  async function takeOver(stall: Stall): Promise<void> {
    const { one } = stall
    const character = world.db.doc(`characters/${one.characterId}`)
    switch (stall.meanwhile) {
      case 'redelivered':
        return await endsOnSecond(one.resource)
      case 'newer-upload': {
        const name = one.uploadName.replace('.png', '-b.png')
        await character.update({ 'visuals.showcaseProcessingStatus': 'removing-background' })
        const { resource } = await world.uploadRaw(name, await subject(one.side, 'blue'))
        stall.current = resource
        return await endsOnSecond(resource)
      }
      case 'main-image-changed':
        await character.update({ 'visuals.imageUrl': 'https://example.com/other.png' })
        await character.update({
          'visuals.isShowcaseProcessed': false,
          'visuals.showcaseImageUrl': null,
          'visuals.showcaseProcessingStatus': 'idle',
        })
        return
      case 'deleted':
        await character.delete()
        return
      default:
        stall.meanwhile satisfies never
    }
  }

  /** Delivers to the second instance until it acknowledges: the lease of the first has to run out before. */
  async function endsOnSecond(resource: Record<string, unknown>): Promise<void> {
    await world.deliverUntilAcknowledged(resource, second)
  }

  async function endsOnFirst({ answer, one }: Stall): Promise<void> {
    const { status } = await answer
    expect([204, 503]).toContain(status)
    if (status !== 204) await world.deliverUntilAcknowledged(one.resource)
  }

  /** What the awoken instance stored after its job was over is the reconciler's to remove. */
  async function expectTidy(): Promise<void> {
    await until(async () => {
      if ((await world.temporaries()).length === 0) return true
      const answer = await fetch(new URL('/internal/reconcile', second.url), { method: 'POST' })
      expect(await answer.json()).toMatchObject({ startedCharacters: 0 })
      return false
    }, 100)
  }

  /** All that people see of a character. */
  async function stateOf(one: ImageCase): Promise<unknown> {
    const { exists, visuals } = await world.readCharacter(one)
    return { exists, status: visuals.showcaseProcessingStatus, url: visuals.showcaseImageUrl }
  }

  async function expectCurrent({ one, current, meanwhile: event }: Stall, label: string): Promise<void> {
    const shown = await shownPicture(world, one)
    expect({ label, served: shown.status, colour: shown.colour }).toEqual({
      label,
      served: 200,
      colour: event === 'newer-upload' ? 'blue' : 'red',
    })
    expect(shown.visuals.showcaseProcessingStatus).toBe('complete')
    expect(String(shown.metadata.metadata?.forgeSource)).toContain(`/${String(current.name)}#`)
    expect(new URL(String(shown.visuals.showcaseImageUrl)).searchParams.get('v')).toBe(shown.generation)
  }
}
