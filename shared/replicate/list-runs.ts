import * as z from 'zod'
import { callApi, type ReplicateOptions } from './call-api.ts'
import { type Run, runSchema } from './run.ts'

const pageSchema = z.object({ next: z.string().nullish().catch(null), results: z.array(z.unknown()) })

/** A hundred objects, and inputs among them that came as data URLs. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024

/**
 * The account's runs, the newest first, a request for each hundred (contract §1). What is in the list and is no run is
 * left out: a search must not fail by somebody else's entry.
 */
export async function* listRuns(
  options: ReplicateOptions,
  path: '/predictions' | '/trainings',
  signal?: AbortSignal,
): AsyncGenerator<Run, void, undefined> {
  const seen = new Set<string>()
  let query = ''
  for (;;) {
    const call = { method: 'GET', path: `${path}${query}`, signal, maxBodyBytes: MAX_PAGE_BYTES } as const
    const page = await callApi(options, call, pageSchema)
    for (const entry of page.results) {
      const run = runSchema.safeParse(entry)
      if (run.success) yield run.data
    }
    // Only the cursor of `next` is taken: the token goes nowhere but to the configured host.
    const cursor = URL.parse(page.next ?? '', options.baseUrl)?.searchParams.get('cursor') ?? ''
    if (cursor === '' || seen.has(cursor)) return
    seen.add(cursor)
    query = `?cursor=${encodeURIComponent(cursor)}`
  }
}
