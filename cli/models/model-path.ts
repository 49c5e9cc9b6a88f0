import { UsageError } from '../command.ts'

/** The path of one model, by its document's id or the registry's. @throws UsageError for what would be another path. */
export function modelPath(id: string): string {
  // However they are encoded, URLs take these for the folder and the one above.
  if (id === '.' || id === '..') throw new UsageError(`"${id}" is no model's id.`, null)
  return `/api/registry/models/${encodeURIComponent(id)}`
}
