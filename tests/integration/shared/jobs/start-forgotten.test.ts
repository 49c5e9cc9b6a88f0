import { Timestamp } from '@google-cloud/firestore'
import { type JobState, jobId, jobRef } from '#shared/jobs/job-record.ts'
import { createJobRequests, type JobNames } from '#shared/jobs/job-requests.ts'
import { reconcilePageSize, startForgotten } from '#shared/jobs/reconcile.ts'
import { useTestDocuments } from '../../../support/documents.ts'

interface Subject {
  id: string
  updatedAt: Timestamp
}

const stuckAfterMs = 600_000
const now = new Date('2026-11-21T12:00:00Z')
const names: JobNames<{ id: string }> = {
  kind: 'forgotten-test',
  key: ({ id }) => `forgotten-test:${id}`,
  subject: ({ id }) => `subjects/${id}`,
}

const documents = useTestDocuments()

function silentFor(id: string, ms: number): Subject {
  return { id, updatedAt: Timestamp.fromMillis(now.getTime() - ms) }
}

async function start(subjects: Subject[]): Promise<string[]> {
  const { db } = documents
  const started: string[] = []
  const requests = createJobRequests({ db, wakeQueue: null, deadlineMs: 1000 })
  const count = await startForgotten({
    db,
    jobs: {
      ...requests,
      async enqueue(asked, input) {
        started.push(asked.key(input))
        await requests.enqueue(asked, input)
      },
    },
    working: (async function* () {
      yield* subjects
    })(),
    names,
    slotPathOf: ({ id }) => `forgotten_runs/${id}`,
    inputOf: ({ id }) => ({ id }),
    stuckAfterMs,
    now,
  })
  expect(count).toBe(started.length)
  return started
}

test('starts a job for what has said "working" for long, and leaves what said so a moment ago', async () => {
  const started = await start([silentFor('old', stuckAfterMs), silentFor('new', stuckAfterMs - 1)])
  expect(started).toEqual(['forgotten-test:old'])
  expect((await jobRef(documents.db, jobId('forgotten-test:old')).get()).get('subject')).toBe('subjects/old')
})

test.each<[state: JobState | null, isStarted: boolean]>([
  ['queued', false],
  ['running', false],
  ['waiting', false],
  ['done', true],
  ['canceled', true],
  ['failed', true],
  [null, true],
])('a slot whose job is in state %s means that nobody is at work: %s', async (state, isStarted) => {
  const { db } = documents
  const id = `slot-${state}`
  await db.doc(`forgotten_runs/${id}`).set({ jobId: `holder-${state}` })
  if (state !== null) await jobRef(db, `holder-${state}`).set({ state })
  expect(await start([silentFor(id, stuckAfterMs)])).toEqual(isStarted ? [`forgotten-test:${id}`] : [])
})

test('one call starts a bounded number, and asks for no more of them', async () => {
  const many = Array.from({ length: reconcilePageSize + 1 }, (_, index) => silentFor(`many-${index}`, stuckAfterMs))
  expect(await start(many)).toHaveLength(reconcilePageSize)
})
