import { type CivitaiStandIn, startCivitai } from '#local/civitai/server.ts'
import { readIndexFile } from '#local/documents/indexes/declared.ts'
import { startDocumentServer } from '#local/documents/server.ts'
import { startFileHost } from '#local/file-host/server.ts'
import { type HuggingFaceStandIn, startHuggingFace } from '#local/huggingface/server.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'
import type { StartDocuments } from '../../../../support/documents.ts'

/** The api between both hubs' stand-ins and documents that answer no query without its index. */
export interface RegistryWorld {
  api: ApiWorld
  civitai: CivitaiStandIn
  hub: HuggingFaceStandIn
  instance: ApiInstance
  close(): Promise<void>
}

/** Documents as production has them: with the declared indexes and no others. */
const declaredDocuments: StartDocuments = async () =>
  await startDocumentServer({
    port: 0,
    dataDir: null,
    indexes: { declared: readIndexFile('infra/firestore.indexes.json'), onMissing: 'refuse' },
  })

export async function openRegistryWorld(
  options: { documents?: StartDocuments; env?: Record<string, string> } = {},
): Promise<RegistryWorld> {
  const { documents = declaredDocuments, env = {} } = options
  const fileHost = await startFileHost()
  const civitai = await startCivitai({ fileHost })
  const hub = await startHuggingFace({ fileHost, quotas: null })
  const api = await startApiWorld({ documents })
  const instance = await api.start({
    CIVITAI_BASE_URL: civitai.url,
    HF_BASE_URL: hub.url,
    // The limiter has its own tests.
    CIVITAI_REQUESTS_PER_MINUTE: '6000',
    ...env,
  })
  return {
    api,
    civitai,
    hub,
    instance,
    async close() {
      await api.close()
      await civitai.close()
      await hub.close()
      await fileHost.close()
      civitai.assertAllFired()
      hub.assertAllFired()
    },
  }
}
