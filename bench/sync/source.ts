import type { Shape } from '#local/file-host/lanes.ts'
import { startChild } from './child.ts'

export type SourceOrder = { kind: 'add'; sizeBytes: number; seed: number } | { kind: 'shape'; shape: Shape }

export interface SourceReply {
  url?: string
  sha256?: string
}

/** A file as whoever copies it is told of it. */
export interface OfferedFile {
  url: string
  sha256: string
  sizeBytes: number
}

/** Where all copies of a bench come from: a file host in a process of its own. */
export interface Source {
  url: string
  offer(file: { sizeBytes: number; seed: number }): Promise<OfferedFile>
  shape(shape: Shape): Promise<void>
  stop(): Promise<void>
}

export async function startSource(): Promise<Source> {
  const child = await startChild<SourceOrder, SourceReply>('./source-process.ts')
  return {
    url: child.ready.url ?? '',
    async offer({ sizeBytes, seed }) {
      const { url = '', sha256 = '' } = await child.ask({ kind: 'add', sizeBytes, seed })
      return { url, sha256, sizeBytes }
    },
    shape: async (shape) => void (await child.ask({ kind: 'shape', shape })),
    stop: () => child.stop(),
  }
}
