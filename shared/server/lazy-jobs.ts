import type { Service } from '#shared/config/variable.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { withoutLogFields } from '#shared/logging/log-scope.ts'
import type { ServiceContext } from './start-service.ts'

/** What every service does once its clients are there. */
export interface ServiceJobs {
  /** Goes on with a job that a task or an operator names. */
  resume(jobId: string): Promise<Outcome>
  /** Finds what events missed. */
  reconcile(): Promise<object>
  /** Loads what the first job needs. @throws what is wrong with its configuration. */
  loadWork(): Promise<unknown>
}

/** What the opening of a service's jobs gets: also where no server stands before them. */
export type JobsContext<S extends Service> = Omit<ServiceContext<S>, 'afterFirstAnswer'>

/**
 * Opens a service's jobs once, for the first request that needs them and after the first answer at the latest: Google's clients
 * take three times as long to load as all the rest, and what is not for the service is answered without them.
 */
export function lazyJobs<Jobs extends ServiceJobs>(
  server: Pick<ServiceContext<Service>, 'afterFirstAnswer'>,
  open: () => Promise<Jobs>,
): () => Promise<Jobs> {
  let opening: Promise<Jobs> | null = null
  const loadJobs = (): Promise<Jobs> => {
    opening ??= withoutLogFields(open)
    return opening
  }
  server.afterFirstAnswer(async () => (await loadJobs()).loadWork())
  return loadJobs
}
