import { type CivitaiStandIn, startCivitai } from '#local/civitai/server.ts'
import { startFileHost } from '#local/file-host/server.ts'
import { type HuggingFaceStandIn, startHuggingFace } from '#local/huggingface/server.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { civitaiSource } from '#shared/registry/hubs/civitai-source.ts'
import { huggingFaceSource } from '#shared/registry/hubs/hugging-face-source.ts'
import { createPageCache } from '#shared/registry/search/page-cache.ts'
import { createRegistrySearch, type RegistrySearchOptions } from '#shared/registry/search/search.ts'
import type { SearchSource } from '#shared/registry/search/search-source.ts'

/** Both hubs' stand-ins and sources that ask them over real sockets, without a limiter. */
export interface SearchWorld {
  civitai: CivitaiStandIn
  hub: HuggingFaceStandIn
  sources: { civitai: SearchSource; hub: SearchSource }
  searchWith(options?: Partial<RegistrySearchOptions>): ReturnType<typeof createRegistrySearch>
  addCivitai(count: number): { id: string; sha256: string }[]
  addRepos(count: number): void
  close(): Promise<void>
}

export async function openSearchWorld(): Promise<SearchWorld> {
  const fileHost = await startFileHost()
  const civitai = await startCivitai({ fileHost })
  const hub = await startHuggingFace({ fileHost, quotas: null })
  const http = createHttpClient()
  const sources = {
    civitai: civitaiSource({ http, baseUrl: civitai.url, token: null }),
    hub: huggingFaceSource({ http, baseUrl: hub.url, token: null }),
  }
  return {
    civitai,
    hub,
    sources,
    searchWith: (options = {}) =>
      createRegistrySearch({
        sources: [sources.civitai, sources.hub],
        cache: createPageCache(),
        ...options,
      }),
    addCivitai: (count) =>
      Array.from({ length: count }, (_, index) => {
        const files = [{ content: { kind: 'safetensors', sizeBytes: 1024, seed: index + 1 } as const }]
        const { id, versions } = civitai.addModel({
          name: `Model ${index}`,
          versions: [{ files, baseModel: 'SDXL 1.0' }],
          stats: { thumbsUpCount: 10_000 - index, downloadCount: index },
        })
        return { id: String(id), sha256: versions[0]!.files[0]!.hosted!.sha256 }
      }),
    addRepos(count) {
      for (let index = 0; index < count; index++) {
        hub.addRepo({
          id: `ada/model-${index}`,
          pipelineTag: 'text-to-image',
          tags: ['lora'],
          baseModel: 'stabilityai/stable-diffusion-xl-base-1.0',
          files: [{ path: 'a.safetensors', content: { kind: 'safetensors', sizeBytes: 1024, seed: 1 } }],
          metadata: { likes: 10_000 - index, downloads: index },
        })
      }
    },
    async close() {
      http.close()
      await civitai.close()
      await hub.close()
      await fileHost.close()
      civitai.assertAllFired()
      hub.assertAllFired()
    },
  }
}

/** A middle value, and what one in twenty exceeds. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!
}
