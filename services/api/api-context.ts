import type { Config } from '#shared/config/environment.ts'
import type { ResolveHost } from '#shared/http/address-guard.ts'
import type { ApiClients } from './api-clients.ts'
import type { RegistryClients } from './registry-clients.ts'
import type { UserQueue } from './user-queue.ts'

/** What every endpoint has. */
export interface ApiContext {
  config: Config<'api'>
  /** Opened by the first request that needs them: Google's clients are most of a start. */
  loadClients(): Promise<ApiClients>
  /** Opened by the first request that asks a hub. */
  loadRegistry(): Promise<RegistryClients>
  /** One user's changes one after another; by another key, what many users would only undo each other in. */
  queue: UserQueue
  now: () => Date
  /** Looks hosts of users' URLs up; the system's resolver where nothing is said. */
  resolveHost: ResolveHost | null
}
