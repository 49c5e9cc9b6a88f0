import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** A map whose changes survive the process: what `put` and `delete` returned from is there after a SIGKILL. */
export interface DurableMap<V> {
  get(key: string): V | undefined
  put(key: string, value: V): void
  delete(key: string): void
  /** In the order in which the keys were first put. */
  entries(): [string, V][]
  readonly size: number
  close(): void
}

/** Below this many outdated lines a rewrite is not worth its time. */
const MIN_OUTDATED_LINES = 2_000

/**
 * Opens the map kept in the append-only file `path` (a line `[key, value]` a change, null for a deletion), or one in
 * memory for null. Writes are synchronous: one `write` a change, in order, and nothing to lose between call and return.
 * `parse` checks each stored value and throws for one that it does not know.
 */
export function openDurableMap<V>(path: string | null, parse: (json: unknown) => V): DurableMap<V> {
  const values = new Map<string, V>()
  const log = path === null ? null : openLog(path, values, parse)
  return {
    get: (key) => values.get(key),
    entries: () => [...values],
    get size() {
      return values.size
    },
    put(key, value) {
      values.set(key, value)
      log?.append(key, value)
    },
    delete(key) {
      if (values.delete(key)) log?.append(key, null)
    },
    close: () => log?.close(),
  }
}

function openLog<V>(path: string, values: Map<string, V>, parse: (json: unknown) => V) {
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path)) replay(path, values, parse)
  let file = rewrite(path, values)
  let lines = values.size
  return {
    append(key: string, value: V | null): void {
      writeSync(file, line(key, value))
      lines += 1
      if (lines - values.size < MIN_OUTDATED_LINES || lines < 2 * values.size) return
      closeSync(file)
      file = rewrite(path, values)
      lines = values.size
    },
    close: () => closeSync(file),
  }
}

function line(key: string, value: unknown): string {
  return `${JSON.stringify([key, value])}\n`
}

/** Reads the changes again. Only the last line may be torn: a kill in the middle of a write leaves it so. */
function replay<V>(path: string, values: Map<string, V>, parse: (json: unknown) => V): void {
  const lines = readFileSync(path, 'utf8').split('\n')
  // A whole file ends with a line end, so that the last piece is empty; a torn one is not, and never took effect.
  lines.pop()
  for (const [index, text] of lines.entries()) {
    try {
      const [key, value] = JSON.parse(text) as [string, unknown] // written by `line`; the value is checked by `parse`
      if (value === null) values.delete(key)
      else values.set(key, parse(value))
    } catch (cause) {
      throw new Error(`${path} is damaged at line ${index + 1}; move it away to start without it.`, { cause })
    }
  }
}

/** Writes the file anew without what is outdated, and opens it for appending. */
function rewrite<V>(path: string, values: Map<string, V>): number {
  const temporary = `${path}.tmp`
  writeFileSync(temporary, [...values].map(([key, value]) => line(key, value)).join(''))
  renameSync(temporary, path)
  return openSync(path, 'a')
}
