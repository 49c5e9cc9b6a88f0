import type { FileHostRequest, HostedFile } from '#local/file-host/server.ts'
import { modelsBucket, type SyncWorld } from '../../support/sync-world.ts'

/** How things stood when a process had died. */
export interface Death {
  moment: string
  where: string
  file: HostedFile
  /** Which parts were stored. */
  parts: number[]
  storedBytes: number
  /** What the file's host had sent, and been asked for, until then. */
  sentBytes: number
  requests: number
}

export async function noteDeath(world: SyncWorld, about: Pick<Death, 'moment' | 'where' | 'file'>): Promise<Death> {
  const [files] = await world.storage.bucket(modelsBucket).getFiles({ prefix: 'work/' })
  const parts = files.filter(({ name }) => /\/part-\d{5}$/.test(name))
  return {
    ...about,
    parts: parts.map(({ name }) => Number(name.slice(-5))),
    storedBytes: parts.reduce((sum, { metadata }) => sum + Number(metadata.size), 0),
    sentBytes: world.fileHost.bytesSent,
    requests: world.fileHost.requests.length,
  }
}

/** What of the parts that were stored at a death was fetched after it. */
export function fetchedAgain(
  world: SyncWorld,
  death: Death,
  partBytes: number,
): { storedBytes: number; requests: number } {
  const later = world.fileHost.requests.slice(death.requests).filter(({ path }) => path === death.file.path)
  let storedBytes = 0
  for (const request of later) {
    const { first, end } = sentRange(request)
    for (const part of death.parts) {
      const overlap = Math.min(end, (part + 1) * partBytes) - Math.max(first, part * partBytes)
      storedBytes += Math.max(0, overlap)
    }
  }
  return { storedBytes, requests: later.length }
}

function sentRange({ range, bytesSent }: FileHostRequest): { first: number; end: number } {
  const first = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  return { first, end: first + bytesSent }
}
