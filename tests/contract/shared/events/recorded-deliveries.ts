import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../../fixtures/eventarc')

export type HeaderPairs = [name: string, value: string][]

/** The headers as a Node server hands them on: names in lower case. */
export function readHeaders(path: string): Record<string, string> {
  const { headers } = JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as { headers: HeaderPairs }
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
}

export function readBytes(path: string): Buffer {
  return readFileSync(join(ROOT, path))
}

export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Record<string, unknown>
}

/** `01-create-flat`, …: every delivery that was recorded from Google's Firestore emulator. */
export const RECORDED = readdirSync(join(ROOT, 'firestore'))
  .filter((file) => file.endsWith('.data.pb'))
  .map((file) => file.replace('.data.pb', ''))
