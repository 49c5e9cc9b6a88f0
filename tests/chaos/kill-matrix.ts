import type { ClipDropRequest } from '#local/clipdrop/server.ts'
import type { StartDocuments } from '../support/documents.ts'
import type { ImageCase } from '../support/image-case.ts'
import { expectOneShowcase, useImageWorld } from '../support/image-world.ts'
import type { KillMoment } from '../support/kill-proxy.ts'
import { until } from '../support/until.ts'

const stuckAfterMs = 300
const moments: KillMoment[] = ['before', 'unanswered', 'after']

/** `provider`: at a request to ClipDrop; `bucket`: at a request to the bucket server. */
interface Phase {
  where: 'provider' | 'bucket'
  k: number
  moment: KillMoment
}

/**
 * SIGKILL from outside at phases of a run, then redelivery: complete, what was stored is never paid again, published
 * once, nothing temporary left. `bucketPhases` are spread over all requests of a run to the bucket server.
 */
export function killMatrix(setup: {
  documents: StartDocuments
  bucketPhases: number
  /** Short, so that a dead instance's lease is over soon; still many times what a renewal takes. */
  leaseMs: number
  /** No phase is begun after this: one kill inside a transaction costs a minute on Google’s emulator, which keeps its locks. */
  beginWithinMs: number
  leastPhases: number
}): void {
  const world = useImageWorld(() => ({
    documents: setup.documents,
    killProxy: true,
    env: { LEASE_MS: String(setup.leaseMs), STUCK_AFTER_MS: String(stuckAfterMs) },
    beforeAnswer: strike('before'),
    afterAnswer: strike('after'),
  }))
  let order: { k: number; moment: 'before' | 'after'; from: number; fired: string | null } | null = null
  const strike = (moment: 'before' | 'after') => async (request: ClipDropRequest) => {
    const due = order
    if (due?.moment !== moment || request.index - due.from !== due.k) return
    order = null
    due.fired = request.endpoint
    await world.killWorker()
  }
  /** `before`: the work is done and paid, nothing is answered; `after`: the answer has left. */
  const armProvider = (k: number, moment: 'before' | 'after') => {
    order = { k, moment, from: world.clipdrop.requests.length, fired: null }
    return order
  }

  /** As a subscription delivers, with the worker started again whenever it is found dead. Returns the deaths. */
  async function deliverThroughDeaths(resource: Record<string, unknown>): Promise<number> {
    let deaths = 0
    await until(async () => {
      const answer = await world.deliver(resource).catch(() => null)
      if (answer) return answer.status === 204
      deaths += 1
      await world.restartWorker()
      return false
    }, 60)
    return deaths
  }

  async function expectGoodEnd(one: ImageCase): Promise<void> {
    await expectOneShowcase(world, one)
    await until(async () => {
      if ((await world.temporaries()).length === 0) return true
      const answer = await fetch(new URL('/internal/reconcile', world.worker.url), { method: 'POST' })
      expect(answer.status).toBe(200)
      return false
    }, 100)
  }

  // Google’s emulator keeps the locks of a client that was killed inside a transaction for up to a minute.
  test('killed while the provider works, and again before publication: the stored step is not paid again', async () => {
    const { one, resource, from } = await world.forge()
    const first = armProvider(1, 'before')
    expect(await world.deliver(resource).catch(() => null)).toBeNull()
    expect(first.fired).toBe('remove-background')
    await world.restartWorker()

    const second = world.proxy.arm({ k: 1, moment: 'before', kill: world.killWorker, match: isResult })
    expect(await deliverThroughDeaths(resource)).toBe(1)
    expect(second.fired).not.toBeNull()
    // The call in whose middle it died is made once more; both stored results are used by the last run.
    expect(world.charged(from)).toEqual({ background: 2, upscale: 1 })
    await expectGoodEnd(one)
  }, 150_000)

  test('at requests of every kind: before they are carried out, before they are answered, and after', async () => {
    const hit: string[] = []
    const begunAt = Date.now()
    for (const phase of await planPhases()) {
      if (Date.now() - begunAt > setup.beginWithinMs) break
      const { one, resource, from } = await world.forge()
      const { k, moment } = phase
      const report =
        phase.where === 'provider'
          ? armProvider(k, moment === 'after' ? 'after' : 'before')
          : world.proxy.arm({ k, moment, kill: world.killWorker })
      await deliverThroughDeaths(resource)
      if (report.fired === null) throw new Error(`The kill at ${JSON.stringify(phase)} never fired.`)
      const label = shorten(report.fired)
      hit.push(`${phase.where} request ${k}, ${moment}: ${label}`)
      const paid = world.charged(from)
      // Only the call whose result was not yet stored may be paid again, and only once.
      expect(paid.background + paid.upscale).toBeLessThanOrEqual(3)
      if (phase.where === 'bucket' && label.includes('showcase-images') && k > 1) {
        expect({ label, ...paid }).toEqual({ label, background: 1, upscale: 1 })
      }
      await expectGoodEnd(one)
    }
    console.log(`phases hit (${hit.length}):\n  ${hit.join('\n  ')}`)
    expect(new Set(hit).size).toBeGreaterThanOrEqual(setup.leastPhases)
  }, 300_000)

  /** All four of the provider, and `bucketPhases` spread over what an undisturbed run asks of the bucket server. */
  async function planPhases(): Promise<Phase[]> {
    const { resource } = await world.forge()
    world.proxy.disarm()
    expect(await deliverThroughDeaths(resource)).toBe(0)
    const seen = [...world.proxy.seen]
    const at = (k: number): Phase[] => moments.map((moment) => ({ where: 'bucket', k, moment }))
    const all = seen.flatMap((_label, index) => at(index + 1))
    const step = all.length / setup.bucketPhases
    const chosen = Array.from({ length: setup.bucketPhases }, (_, index) => all[Math.floor(index * step)]!)
    // Where most can go wrong: the result's object is written, the document does not know it yet.
    const publication = at(seen.findIndex(isResult) + 1)
    const provider = [1, 2].flatMap((k) =>
      (['before', 'after'] as const).map((moment): Phase => ({ where: 'provider', k, moment })),
    )
    return [...provider, ...publication, ...chosen]
  }
}

function isResult(label: string): boolean {
  return label.startsWith('POST /upload') && label.includes('showcase-images/')
}

function shorten(label: string): string {
  return label
    .replace(/[0-9a-f]{40}/g, '{job}')
    .replace(/(user|character)-[0-9a-f]{8}/g, '{$1}')
    .slice(0, 120)
}
