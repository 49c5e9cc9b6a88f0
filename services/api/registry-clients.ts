import type { Config } from '#shared/config/environment.ts'
import { type Hubs, openHubs } from '#shared/registry/hubs/open-hubs.ts'
import { createPageCache } from '#shared/registry/search/page-cache.ts'
import { createRegistrySearch, type RegistrySearch } from '#shared/registry/search/search.ts'

/** What the registry's endpoints ask besides the documents. */
export interface RegistryClients {
  hubs: Hubs
  /** Over both hubs; what a user has registered is given with each search. */
  search: RegistrySearch
}

/** Opens both hubs and the search over them. */
export function openRegistry(init: {
  config: Config<'api'>
  onShutdown(name: string, run: () => void): void
  now: () => Date
}): RegistryClients {
  const { config, onShutdown } = init
  const now = (): number => init.now().getTime()
  const hubs = openHubs(config, { now })
  onShutdown('hubs', () => hubs.close())
  const search = createRegistrySearch({
    sources: hubs.sources,
    cache: createPageCache({ now }),
    deadlineMs: config.SEARCH_DEADLINE_MS,
    now,
  })
  return { hubs, search }
}
