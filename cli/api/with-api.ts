import type { ApiClient } from './api-client.ts'
import type { connectToApi } from './connect-to-api.ts'

/** Connects for one piece of work, and closes after it. @throws as `connectToApi` and the work do. */
export async function withApi<T>(
  values: Parameters<typeof connectToApi>[0],
  usage: string,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  // What takes long to load is loaded once the call is known to be right: help and completions need none of it.
  const { connectToApi } = await import('./connect-to-api.ts')
  const api = await connectToApi(values, usage)
  try {
    return await work(api)
  } finally {
    api.close()
  }
}
