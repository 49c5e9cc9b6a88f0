import type { ReplicateEndpoint } from '#local/replicate/faults.ts'
import type { ReplicateRequest } from '#local/replicate/seen-request.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import type { StartDocuments } from '../../support/documents.ts'
import { everyNth } from '../../support/how-many.ts'
import { startTrainingWorld, type TrainingService, type TrainingWorld } from '../../support/training-world.ts'
import { until } from '../../support/until.ts'

export interface TrainingKillSetup {
  documents: StartDocuments
  /** A dead instance's lease is over after that. */
  leaseMs: number
  /** Whether the documents stay locked for a minute when a process dies within a transaction; then only requests to Replicate are moments. */
  keepsLocks: boolean
  /** How often the reconciler looks. Each look wakes what is overdue once more, and a lock has to be waited for by all that were woken. */
  reconcileMs: number
  /** First and longest pause of a task that was not taken. */
  taskRetry: { baseMs: number; maxMs: number }
}

/** When a process has to die. */
type Moment =
  /** As soon as the books say so. */
  | { at: 'books'; kind: string; mark: string }
  /** At the next request of that kind, carried out: before it is answered, or after. */
  | { at: 'replicate'; endpoint: ReplicateEndpoint; when: 'before' | 'after' }

const services: Readonly<Record<string, TrainingService>> = {
  'training-start': 'api',
  'training-finish': 'replicate-webhook',
  generation: 'replicate-webhook',
}

const requestMoments: readonly (Moment & { at: 'replicate' })[] = [
  { at: 'replicate', endpoint: 'create-model', when: 'before' },
  { at: 'replicate', endpoint: 'train', when: 'before' },
  { at: 'replicate', endpoint: 'get-training', when: 'before' },
  { at: 'replicate', endpoint: 'output', when: 'before' },
  { at: 'replicate', endpoint: 'create', when: 'before' },
]
const laterRequestMoments: readonly (Moment & { at: 'replicate' })[] = [
  { at: 'replicate', endpoint: 'train', when: 'after' },
  { at: 'replicate', endpoint: 'create', when: 'after' },
]

/** SIGKILL of the api and of replicate-webhook, from outside, at the boundaries of all steps of a training. */
export function trainingKills(setup: TrainingKillSetup): void {
  let world: TrainingWorld
  let photos = 0
  let armed: { moment: Moment & { at: 'replicate' }; struck: () => void } | null = null
  const strike =
    (when: 'before' | 'after') =>
    async ({ endpoint }: ReplicateRequest) => {
      const due = armed
      if (due?.moment.endpoint !== endpoint || due.moment.when !== when) return
      armed = null
      await world.kill(serviceOf(due.moment))
      due.struck()
    }

  beforeAll(async () => {
    world = await startTrainingWorld({
      documents: setup.documents,
      taskRetry: setup.taskRetry,
      env: { LEASE_MS: String(setup.leaseMs), TRAININGS_PER_DAY: '0', STUCK_AFTER_MS: '500' },
      replicate: { beforeAnswer: strike('before'), afterAnswer: strike('after') },
    })
  })
  afterAll(() => world.close())

  test('killed at its requests to Replicate: one training there, one mail, one model, the quota right', async () => {
    // No webhook: the run has to be looked for in the list and asked about; and nothing else is under way when somebody dies.
    world.replicate.inject({ endpoint: 'train', fault: { kind: 'lost-answer', isSilent: true }, times: 1 })
    const moments = setup.keepsLocks ? requestMoments.slice(0, -1) : requestMoments
    await expectOneOfEach(await trainThroughDeaths(moments), moments.length)
  })

  if (setup.keepsLocks) return

  test('killed right behind its creations there', async () => {
    await expectOneOfEach(await trainThroughDeaths(laterRequestMoments), laterRequestMoments.length)
  })

  test('killed as each step is stored', async () => {
    const all = await marksOfAnUndisturbedRun()
    expect(all.length).toBeGreaterThan(12)
    const moments = everyNth(all, 2)
    console.log(`moments: ${moments.map(describeMoment).join(', ')}`)
    await expectOneOfEach(await trainThroughDeaths(moments), moments.length)
  })

  async function begin(): Promise<{ uid: string; trainingId: string; requestsBefore: number }> {
    const caller = await world.signIn()
    const requestsBefore = world.replicate.requests.length
    const trainingId = await world.train(caller, await world.offerPhotos(++photos))
    return { uid: caller.uid, trainingId, requestsBefore }
  }

  /** One training, with a death at each moment in turn. */
  async function trainThroughDeaths(moments: readonly Moment[]) {
    const first = prepareStrike(moments[0]!, () => begun?.trainingId ?? null)
    let begun: Awaited<ReturnType<typeof begin>> | null = null
    let next: Promise<void> = first
    const beginning = begin().then((made) => {
      begun = made
    })
    let deaths = 0
    for (const [index, moment] of moments.entries()) {
      await beginning
      await orFail(next, moment)
      deaths += 1
      const following = moments[index + 1]
      if (following) next = prepareStrike(following, () => begun?.trainingId ?? null)
      // It may have to die before it is ready.
      const restarting = world.restart(serviceOf(moment))
      if (following) restarting.catch(() => {})
      else await restarting
    }
    await beginning
    const done = begun!
    let isOver = false
    const ending = world.ended(done.trainingId).then((training) => {
      isOver = true
      return training
    })
    await reconcileUntil(async () => isOver, 'the end')
    return { ...done, training: await ending, deaths }
  }

  /** Waits for the stroke. */
  async function orFail(struck: Promise<void>, moment: Moment): Promise<void> {
    let isStruck = false
    void struck.then(() => {
      isStruck = true
    })
    await reconcileUntil(async () => isStruck, describeMoment(moment))
  }

  /** Until it is so the reconciler looks, as the scheduler has it do: for what nobody was woken for. */
  async function reconcileUntil(isSo: () => Promise<boolean>, what: string): Promise<void> {
    // A process that dies within a transaction leaves its locks for a minute where they are kept.
    const deadline = Date.now() + (setup.keepsLocks ? 90_000 : 40_000)
    let lookedAt = 0
    await until(async () => {
      if (await isSo()) return true
      if (Date.now() > deadline) throw new Error(`Nobody came to: ${what}; ${await describeJobs()}`)
      if (Date.now() - lookedAt < setup.reconcileMs) return false
      lookedAt = Date.now()
      // It cannot be asked while it is dead.
      await world.reconcile().catch(() => {})
      return false
    }, 100)
  }

  /** Resolves once the process is dead. */
  function prepareStrike(moment: Moment, trainingId: () => string | null): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (moment.at === 'replicate') {
      armed = { moment, struck: resolve }
      return promise
    }
    let isStruck = false
    const stop = world.db.collection('jobs').onSnapshot(({ docs }) => {
      const id = trainingId()
      const jobs = docs.map((found) => found.data() as JobRecord)
      const isDue = jobs.some((job) => job.kind === moment.kind && isOf(job, id) && marksOf(job).includes(moment.mark))
      if (!isDue || isStruck) return
      isStruck = true
      stop()
      void world.kill(serviceOf(moment)).then(resolve)
    })
    return promise
  }

  /** What the books say in turn when nobody dies. */
  async function marksOfAnUndisturbedRun(): Promise<(Moment & { at: 'books' })[]> {
    const seen = new Map<string, Moment & { at: 'books' }>()
    const stop = world.db.collection('jobs').onSnapshot((snapshot) => {
      for (const { doc } of snapshot.docChanges()) {
        const job = doc.data() as JobRecord
        if (!isOf(job, trainingId)) continue
        for (const mark of marksOf(job)) seen.set(`${job.kind} ${mark}`, { at: 'books', kind: job.kind, mark })
      }
    })
    let trainingId: string | null = null
    const begun = await begin()
    trainingId = begun.trainingId
    expect((await world.ended(begun.trainingId)).status).toBe('succeeded')
    await until(async () => (await jobsOf(begun.trainingId)).every(({ state }) => state === 'done'))
    for (const job of await jobsOf(begun.trainingId)) {
      for (const mark of marksOf(job)) seen.set(`${job.kind} ${mark}`, { at: 'books', kind: job.kind, mark })
    }
    stop()
    const place = ['training-start', 'training-finish', 'generation']
    return [...seen.values()].filter(({ kind }) => place.includes(kind))
  }

  async function jobsOf(trainingId: string): Promise<JobRecord[]> {
    return (await world.jobs()).filter((job) => isOf(job, trainingId))
  }

  async function describeJobs(): Promise<string> {
    const instances = Object.entries(world.running).map(
      ([name, { child, lines }]) =>
        `${name} ${child.exitCode ?? child.signalCode ?? 'runs'}: ${lines.slice(-3).join(' ')}`,
    )
    const jobs = (await world.jobs())
      .filter(({ state }) => state !== 'done')
      .map(({ kind, state, fence, lease, lastFailure }) => {
        const expiresIn = lease ? lease.expiresAt.toMillis() - Date.now() : null
        return `${kind} ${state}, claim ${fence}, lease ends in ${expiresIn} ms, ${lastFailure?.code}`
      })
    return [...jobs, ...instances].join('\n')
  }

  async function expectOneOfEach(
    outcome: Awaited<ReturnType<typeof trainThroughDeaths>>,
    deaths: number,
  ): Promise<void> {
    const { trainingId, uid, training, requestsBefore } = outcome
    expect(outcome.deaths).toBe(deaths)
    expect(training).toMatchObject({ status: 'succeeded', modelId: trainingId, error: null })
    const creations = world.replicate.requests
      .slice(requestsBefore)
      .filter(({ endpoint, charged }) => endpoint === 'train' && charged)
    expect(creations.map(({ runId }) => runId)).toEqual([training.replicateTrainingId])
    expect((await world.mails()).filter((id) => id === `training-${trainingId}`)).toHaveLength(1)
    const { quotas, storage } = await world.usage(uid)
    expect(quotas.trainings).toMatchObject({ [trainingId]: { amount: 1, state: 'committed' } })
    expect(Object.keys(quotas.trainings)).toEqual([trainingId])
    expect(storage.reserved).toEqual({})
    expect(await world.objects('models', `trained/${uid}/`)).toEqual([`trained/${uid}/${trainingId}/lora.safetensors`])
    await reconcileUntil(async () => {
      const left = [
        ...(await world.objects('work', `training-zips/${uid}/`)),
        ...(await world.objects('work', 'work/')),
      ]
      const jobs = await jobsOf(trainingId)
      return left.length === 0 && jobs.every(({ state, lease }) => state === 'done' && lease === null)
    }, 'nothing left')
  }
}

function serviceOf(moment: Moment): TrainingService {
  if (moment.at === 'books') return services[moment.kind] ?? 'api'
  return ['create-model', 'train'].includes(moment.endpoint) ? 'api' : 'replicate-webhook'
}

function isOf({ subject }: JobRecord, trainingId: string | null): boolean {
  return trainingId !== null && subject.includes(trainingId)
}

/** What a job has come past, in the order in which it does. */
function marksOf(job: JobRecord): string[] {
  const steps = Object.entries(job.steps)
    .toSorted(([, left], [, right]) => left.finishedAt.toMillis() - right.finishedAt.toMillis())
    .map(([name]) => name)
  return [...(job.fence > 0 ? ['claimed'] : []), ...steps, ...(job.state === 'done' ? ['done'] : [])]
}

function describeMoment(moment: Moment): string {
  return moment.at === 'books' ? `${moment.kind} ${moment.mark}` : `${moment.endpoint}, ${moment.when}`
}
