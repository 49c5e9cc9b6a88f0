import { seedCivitai } from './civitai/seed.ts'
import { type CivitaiStandIn, startCivitai } from './civitai/server.ts'
import { type FileHost, startFileHost } from './file-host/server.ts'
import { SEED_REPOS } from './huggingface/seed.ts'
import { type HuggingFaceStandIn, startHuggingFace } from './huggingface/server.ts'

/** Stand-ins for the two hubs that models come from, and for the storage behind both, each an origin of its own. */
export interface ModelHubs {
  civitai: CivitaiStandIn
  huggingface: HuggingFaceStandIn
  fileHost: FileHost
  close(): Promise<void>
}

/** Starts the hubs with a few models to try things with, the same ones every time. */
export async function startModelHubs(ports: {
  civitai: number
  huggingface: number
  fileHost: number
}): Promise<ModelHubs> {
  const opened: { close(): Promise<void> }[] = []
  const close = async () => {
    for (const server of opened.toReversed()) await server.close()
  }
  try {
    const fileHost = await startFileHost({ port: ports.fileHost })
    opened.push(fileHost)
    const civitai = await startCivitai({ port: ports.civitai, fileHost })
    opened.push(civitai)
    const huggingface = await startHuggingFace({ port: ports.huggingface, fileHost })
    opened.push(huggingface)
    seedCivitai(civitai, Date.now())
    for (const repo of SEED_REPOS) huggingface.addRepo(repo)
    return { civitai, huggingface, fileHost, close }
  } catch (error) {
    await close()
    throw error
  }
}
