import type { JobDefinition } from '#shared/jobs/definition.ts'
import { type JobRecord, jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { WakeRequest } from '#shared/jobs/wake.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { testJob, testRunner } from '../../../support/job-runner.ts'

export interface Input {
  name: string
  order?: number
}

interface Setup {
  limits?: { leaseMs?: number; maxFailures?: number; deadlineMs?: number; workBudgetMs?: number }
  shutdown?: AbortSignal
  queue?: boolean
}

let serial = 0
export const freshName = () => `subject-${++serial}`

/** A job that does what `run` says. */
export function define(
  run: (run: JobRun<Input>) => Promise<void>,
  parts: Partial<JobDefinition<Input>> = {},
): JobDefinition<Input> {
  return testJob({
    kind: 'test',
    key: (input) => `test:${input.name}#${input.order ?? 0}`,
    subject: (input) => `subjects/${input.name}`,
    run,
    ...parts,
  })
}

export const done = async (run: JobRun<Input>) => run.complete({ ok: true }, async () => () => {})

/** Documents for the suite, runners over them, and what they have written. */
export function useRunnerWorld() {
  const documents = useTestDocuments()
  return {
    get db() {
      return documents.db
    },
    runnerOf(definition: JobDefinition<Input>, setup: Setup = {}) {
      const woken: WakeRequest[] = []
      const { limits = {}, shutdown, queue = true } = setup
      const runner = testRunner(documents.db, definition, {
        wakeQueue: queue ? { wake: async (request) => void woken.push(request) } : null,
        limits,
        ...(shutdown ? { shutdown } : {}),
      })
      return { runner, woken }
    },
    async stored(definition: JobDefinition<Input>, input: Input): Promise<JobRecord> {
      const snapshot = await jobRef(documents.db, jobId(definition.key(input))).get()
      return snapshot.data() as JobRecord
    },
  }
}
