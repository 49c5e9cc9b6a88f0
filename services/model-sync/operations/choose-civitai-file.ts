import { createCivitaiClient } from '#shared/civitai/client.ts'
import type { CivitaiReference } from '#shared/civitai/reference.ts'
import { resolveCivitaiFile } from '#shared/civitai/resolve-file.ts'
import type { Config } from '#shared/config/environment.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { secretSource } from '#shared/secrets/secret-source.ts'

/**
 * Finds the file that a pasted download address chooses (`?type=Model&format=SafeTensor&fp=fp16`): a model's document names
 * files by their ids only. An address that chooses nothing is returned as it is, without asking CivitAI.
 * @throws `civitai.…` when there is no such file, or CivitAI does not answer
 */
export async function chooseCivitaiFile(
  config: Pick<Config<'model-sync'>, 'CIVITAI_BASE_URL' | 'CIVITAI_API_KEY'>,
  reference: CivitaiReference,
  signal: AbortSignal,
): Promise<Omit<CivitaiReference, 'choice'>> {
  const { choice, ...ids } = reference
  if (ids.fileId !== null || Object.keys(choice).length === 0) return ids
  const http = createHttpClient()
  try {
    const key = config.CIVITAI_API_KEY && secretSource(config.CIVITAI_API_KEY)
    const client = createCivitaiClient({ baseUrl: config.CIVITAI_BASE_URL, token: key && (() => key.get()), http })
    const { fileId, versionId } = await resolveCivitaiFile(client, { ...ids, choice, signal })
    return { ...ids, versionId, fileId }
  } finally {
    http.close()
  }
}
