import { readFileSync } from 'node:fs'
import { type FileHost, startFileHost } from '#local/file-host/server.ts'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { RepoFileSpec, RepoSpec } from '#local/huggingface/repos.ts'
import { type HuggingFaceStandIn, type HuggingFaceStandInOptions, startHuggingFace } from '#local/huggingface/server.ts'

export type Json = Record<string, unknown>
export const fixture = (name: string) => JSON.parse(readFileSync(`tests/fixtures/huggingface/${name}`, 'utf8'))

export const auth = { authorization: `Bearer ${LOCAL_HUGGINGFACE_TOKEN}` }

export const files: readonly RepoFileSpec[] = [
  { path: 'config.json', content: '{"a": 1}\n' },
  { path: 'deep/er/file #2 100%?.txt', content: 'odd name' },
  { path: 'model.safetensors', content: { kind: 'safetensors', sizeBytes: 5000, seed: 1 } },
  { path: 'direct.txt', content: 'sent at once', direct: true },
]

/** A running stand-in. It is asked by plain fetch, not by our own client: it is judged by what is on the wire. */
export interface Running {
  hub: HuggingFaceStandIn
  host: FileHost
  ask(path: string, init?: RequestInit): Promise<Response>
  /** The answer's JSON. */
  read(path: string, init?: RequestInit): Promise<unknown>
  /** Adds `ada/model` with the files above, or what else is said. */
  add(more?: Partial<RepoSpec>): { id: string; commit: string }
  close(): Promise<void>
}

export async function start(options: Partial<HuggingFaceStandInOptions> = {}): Promise<Running> {
  const { now = Date.now } = options
  const host = await startFileHost({ now })
  const hub = await startHuggingFace({ fileHost: host, ...options })
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(`${hub.url}${path}`, { redirect: 'manual', ...init })
  return {
    hub,
    host,
    ask,
    read: async (path, init) => (await ask(path, init)).json(),
    add: (more = {}) => hub.addRepo({ id: 'ada/model', files, ...more }),
    async close() {
      await hub.close()
      await host.close()
    },
  }
}
