import type { ApiClient } from './api-client.ts'
import { connectToApi } from './connect-to-api.ts'

/** Connects for one piece of work, and closes after it. @throws as `connectToApi` and the work do. */
export async function withApi<T>(
  values: Parameters<typeof connectToApi>[0],
  usage: string,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  const api = await connectToApi(values, usage)
  try {
    return await work(api)
  } finally {
    api.close()
  }
}
