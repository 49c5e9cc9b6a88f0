import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import type { ClipDropEndpoint, ClipDropFault } from '#local/clipdrop/faults.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { everyNth } from '../../../support/how-many.ts'
import type { ImageCase } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'

const maxFailures = 3
/** Long for a stand-in on this machine, short for a test that waits for it in vain. */
const timeoutMs = 900

/**
 * What a fault is to the job.
 * - `passing`: nothing was done; asked again until the failures are too many.
 * - `lost`: may have been paid; asked once more and never a third time.
 * - `refused`: asking again changes nothing.
 * - `harmless`: the picture is good all the same.
 */
type Nature = 'passing' | 'lost' | 'refused' | 'harmless'

interface Row {
  name: string
  fault: ClipDropFault
  nature: Nature | Record<ClipDropEndpoint, Nature>
  /** What people read when no other provider is left. */
  code: string
}

const rows: Row[] = [
  { name: '429', fault: { kind: 'status', status: 429 }, nature: 'passing', code: 'clipdrop.rate-limited' },
  { name: '500', fault: { kind: 'status', status: 500 }, nature: 'passing', code: 'clipdrop.unavailable' },
  {
    name: '502, HTML',
    fault: { kind: 'status', status: 502, html: true },
    nature: 'passing',
    code: 'clipdrop.unavailable',
  },
  { name: 'HTML with 200', fault: { kind: 'html' }, nature: 'passing', code: 'clipdrop.bad-answer' },
  { name: 'JSON with 200', fault: { kind: 'json' }, nature: 'passing', code: 'clipdrop.bad-answer' },
  { name: '400', fault: { kind: 'status', status: 400 }, nature: 'refused', code: 'clipdrop.refused' },
  { name: '402', fault: { kind: 'status', status: 402 }, nature: 'refused', code: 'clipdrop.no-credits' },
  { name: '403', fault: { kind: 'status', status: 403 }, nature: 'refused', code: 'clipdrop.denied' },
  { name: '504', fault: { kind: 'status', status: 504 }, nature: 'lost', code: 'image.answer-lost' },
  { name: 'truncated body', fault: { kind: 'cut-body' }, nature: 'lost', code: 'image.answer-lost' },
  { name: 'half a picture', fault: { kind: 'half-picture' }, nature: 'lost', code: 'image.answer-lost' },
  { name: 'wrong type', fault: { kind: 'wrong-type' }, nature: 'lost', code: 'image.answer-lost' },
  { name: 'noise', fault: { kind: 'noise' }, nature: 'lost', code: 'image.answer-lost' },
  { name: 'hang', fault: { kind: 'hang' }, nature: 'lost', code: 'image.answer-lost' },
  { name: 'reset', fault: { kind: 'reset' }, nature: 'lost', code: 'image.answer-lost' },
  { name: 'lost answer', fault: { kind: 'lost-answer' }, nature: 'lost', code: 'image.answer-lost' },
  {
    name: 'wrong size',
    fault: { kind: 'wrong-size', width: 40, height: 90 },
    nature: 'lost',
    code: 'image.answer-lost',
  },
  // The upscaler's contract is JPEG for a picture without transparency: the alpha that was sent is put back.
  {
    name: 'no alpha',
    fault: { kind: 'no-alpha' },
    nature: { 'remove-background': 'lost', upscale: 'harmless' },
    code: 'image.answer-lost',
  },
  { name: 'odd credits', fault: { kind: 'odd-credits' }, nature: 'harmless', code: '' },
]

const endpoints: ClipDropEndpoint[] = ['remove-background', 'upscale']

interface Plan {
  row: Row
  endpoint: ClipDropEndpoint
  nature: Nature
  /** Once, or for as long as it is asked. */
  lasts: boolean
}

const plans: Plan[] = rows.flatMap((row, index) =>
  endpoints.flatMap((endpoint, which) => {
    const nature = typeof row.nature === 'string' ? row.nature : row.nature[endpoint]
    const mayPass = nature === 'passing' || nature === 'lost'
    // A fault that lasts is met once first: that it is over after one call is shown at one endpoint, by turns.
    const lasting = !mayPass ? [false] : index % 2 === which ? [false, true] : [true]
    return lasting.map((lasts) => ({ row, endpoint, nature, lasts }))
  }),
)

/** How often ClipDrop is asked by a picture that meets the fault each time. */
function callsBorne(nature: Nature, hasFallBack: boolean): number {
  if (nature === 'lost') return 2
  if (nature === 'passing') return hasFallBack ? 3 : maxFailures + 1
  return 1
}

/** Every fault of the ClipDrop stand-in at each endpoint: success after a retry, the fall-back, or a failure that people can read. */
export function providerFaults(setup: {
  documents: StartDocuments
  providers: 'clipdrop' | 'clipdrop,local'
  /** Default: all of them. What passes after a retry never reaches the second provider. */
  only?: (plan: { nature: Nature; lasts: boolean }) => boolean
  /** The gate tries every n-th of these. Default: all. */
  everyNth?: number
}): void {
  const hasFallBack = setup.providers !== 'clipdrop'
  const world = useImageWorld(() => ({
    documents: setup.documents,
    env: {
      BACKGROUND_PROVIDERS: setup.providers,
      UPSCALE_PROVIDERS: setup.providers,
      MAX_FAILURES: String(maxFailures),
      CLIPDROP_TIMEOUT_MS: String(timeoutMs),
    },
  }))
  const outcomes: string[] = []
  afterAll(() => console.log(`${setup.providers}:\n  ${outcomes.join('\n  ')}`))

  test.each(
    everyNth(plans.filter(setup.only ?? (() => true)), setup.everyNth ?? 1).map((plan) => ({
      ...plan,
      title: titleOf(plan),
    })),
  )('$title', async (plan) => {
    const { row, endpoint, nature, lasts } = plan
    const { one, resource, from } = await world.forge()
    const times = lasts ? callsBorne(nature, hasFallBack) : 1
    world.clipdrop.inject({ fault: row.fault, times, endpoint })
    const deliveries = await deliverToTheEnd(one, resource)

    const made = world.clipdrop.requests.slice(from)
    expect(made.filter(({ fault }) => fault !== null)).toHaveLength(times)
    world.clipdrop.assertAllFired()
    // A fault that went on would be met again: no call of the step came after the last that was planned.
    const isOver = lasts || nature === 'refused'
    expect(made.filter((request) => request.endpoint === endpoint)).toHaveLength(
      isOver || nature === 'harmless' ? times : 2,
    )
    const paid = world.charged()
    expect(Math.max(paid.background, paid.upscale)).toBeLessThanOrEqual(2)

    const [job] = await world.jobsOf(one)
    const by = (job?.steps[endpoint]?.result as { by?: string } | undefined)?.by ?? null
    const { visuals } = await world.readCharacter(one)
    outcomes.push(
      `${titleOf(plan)}: ${String(visuals.showcaseProcessingStatus)}${by ? ` by ${by}` : ` (${job?.failure?.code})`}, ` +
        `${deliveries} deliveries, paid ${paid.background}+${paid.upscale}`,
    )
    expect(await world.temporaries()).toEqual([])
    if (isOver && !hasFallBack) {
      expect(visuals).toMatchObject({
        showcaseProcessingStatus: 'failed',
        isShowcaseProcessed: false,
        showcaseImageUrl: null,
        showcaseError: { code: row.code, message: expect.stringMatching(/^[A-Z].+\.$/) },
      })
      expect(job).toMatchObject({ state: 'failed', lease: null, failure: { code: row.code } })
      return
    }
    expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete', isShowcaseProcessed: true })
    expect(by).toBe(isOver ? 'local' : 'clipdrop')
    expect(await world.publishedPicture(one)).toMatchObject({ status: 200, contentType: 'image/png' })
  })

  test('a rate limit is waited out: redelivered events call nobody before its end, which is half a minute away', async () => {
    const { one, resource, from } = await world.forge()
    world.clipdrop.inject({ fault: { kind: 'status', status: 429 }, times: 1, endpoint: 'remove-background' })
    const askedAtMs = Date.now()
    expect((await world.deliver(resource)).status).toBe(503)
    expect((await world.deliver(resource)).status).toBe(503)
    expect(world.clipdrop.requests.slice(from)).toHaveLength(1)
    const [job] = await world.jobsOf(one)
    expect((job?.retryAt?.toMillis() ?? 0) - askedAtMs).toBeGreaterThanOrEqual(30_000)
    await deliverToTheEnd(one, resource)
    expect(await world.statusOf(one)).toBe('complete')
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
    world.clipdrop.assertAllFired()
  })

  test('after all of it: the key is in no line of the log, and in no document', async () => {
    const collections = await Promise.all(['jobs', 'characters'].map((name) => world.db.collection(name).get()))
    const documents = collections.flatMap(({ docs }) => docs.map((found) => JSON.stringify(found.data())))
    const told = [...world.worker.lines, ...documents]
    // Control: it is what failed calls leave behind that is looked through.
    expect(told.some((text) => text.includes('clipdrop.'))).toBe(true)
    expect(told.filter((text) => text.includes(LOCAL_CLIPDROP_KEY))).toEqual([])
  })

  /** Delivers until it is acknowledged; a job that waits for its time is woken as its task would wake it. Returns how many. */
  async function deliverToTheEnd(one: ImageCase, resource: Record<string, unknown>): Promise<number> {
    for (let deliveries = 1; deliveries <= 12; deliveries++) {
      const [job] = deliveries === 1 ? [] : await world.jobsOf(one)
      const { status } = job?.state === 'waiting' ? await wake(job.key) : await world.deliver(resource)
      if (status === 204) return deliveries
      expect(status).toBe(503)
    }
    throw new Error('The job came to no end.')
  }

  async function wake(key: string): Promise<Response> {
    return await fetch(new URL(`/internal/jobs/${jobId(key)}`, world.worker.url), { method: 'POST' })
  }
}

function titleOf({ row, endpoint, lasts }: Plan): string {
  return `${row.name} at ${endpoint}, ${lasts ? 'each time' : 'once'}`
}
