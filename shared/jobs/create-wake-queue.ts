import type { Config } from '#shared/config/environment.ts'
import { createCloudTasksQueue } from './cloud-tasks.ts'
import type { WakeQueue } from './wake.ts'

export type WakeConfig = Pick<Config, 'TASKS_QUEUE' | 'TASKS_BASE_URL' | 'SERVICE_URL' | 'TASKS_SERVICE_ACCOUNT'>

/** The queue that the environment names, or null: then every "later" is a redelivery. */
export function createWakeQueue(config: WakeConfig): WakeQueue | null {
  const {
    TASKS_QUEUE: queue,
    TASKS_BASE_URL: baseUrl,
    SERVICE_URL: serviceUrl,
    TASKS_SERVICE_ACCOUNT: serviceAccount,
  } = config
  if (queue === null || serviceUrl === null || serviceAccount === null) return null
  return createCloudTasksQueue({ baseUrl, queue, serviceUrl, serviceAccount, accessToken: tokenFor(baseUrl) })
}

/** Google's API wants a token of the ambient account; a task server on this machine wants none. */
function tokenFor(baseUrl: string): () => Promise<string | null> {
  if (new URL(baseUrl).protocol !== 'https:') return async () => null
  let auth: Promise<{ getAccessToken(): Promise<string | null | undefined> }> | null = null
  return async () => {
    auth ??= import('google-auth-library').then(
      ({ GoogleAuth }) => new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/cloud-platform'] }),
    )
    return (await (await auth).getAccessToken()) ?? null
  }
}
