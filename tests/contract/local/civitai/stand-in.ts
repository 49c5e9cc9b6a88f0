import { readFileSync } from 'node:fs'
import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { type CivitaiStandIn, type CivitaiStandInOptions, startCivitai } from '#local/civitai/server.ts'
import { type FileHost, startFileHost } from '#local/file-host/server.ts'

// Plain fetch, not our own client: the stand-in is judged by what is on the wire.

/** The fields that tests look into; the rest they compare. */
export interface Json {
  [name: string]: unknown
  files: Json[]
  modelVersions: Json[]
  model: Json
  metadata: Record<string, unknown>
  hashes: Record<string, string>
}
export type Part = Record<string, unknown>

export const NOW = Date.parse('2026-08-01T12:00:00Z')
export const AGENT = 'my-service/1.0'
export const SIGNED_IN = { authorization: `Bearer ${LOCAL_CIVITAI_TOKEN}` }

/** A stand-in, the file host behind it, and how to ask them. */
export interface StandInWorld {
  standIn: CivitaiStandIn
  fileHost: FileHost
  get(path: string, headers?: Record<string, string>, init?: RequestInit): Promise<Response>
  /** Status and JSON body. */
  answerOf(path: string, headers?: Record<string, string>): Promise<[status: number, body: Json]>
  close(): Promise<void>
}

export async function openStandIn(options: Partial<CivitaiStandInOptions> = {}): Promise<StandInWorld> {
  const fileHost = await startFileHost()
  const standIn = await startCivitai({ fileHost, now: () => NOW, ...options })
  const get: StandInWorld['get'] = (path, headers = {}, init = {}) =>
    fetch(`${standIn.url}${path}`, { redirect: 'manual', headers: { 'user-agent': AGENT, ...headers }, ...init })
  return {
    standIn,
    fileHost,
    get,
    async answerOf(path, headers) {
      const response = await get(path, headers)
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      return [response.status, (await response.json()) as Json]
    },
    async close() {
      await standIn.close()
      await fileHost.close()
    },
  }
}

export const recorded = (name: string): Json => JSON.parse(readFileSync(`tests/fixtures/civitai/${name}.json`, 'utf8'))
