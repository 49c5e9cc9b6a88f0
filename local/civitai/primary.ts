import type { StoredFile } from './catalogue.ts'

/** What an account prefers, set on the site; it changes what the bare download URL gives (contract §3). */
export interface FilePreferences {
  format?: string
  size?: string
  fp?: string
}

const DEFAULTS: Required<FilePreferences> = { format: 'SafeTensor', size: 'pruned', fp: 'fp16' }

/** The server's pick: the main weights type first, then format, size and precision as preferred (contract §3). */
export function pickPrimary(files: readonly StoredFile[], preferences: FilePreferences = {}): StoredFile | null {
  const wanted = { ...DEFAULTS, ...preferences }
  const score = (file: StoredFile): number =>
    (TYPE_SCORES[file.type] ?? 0) +
    (file.format === wanted.format ? 4 : 0) +
    (file.size === wanted.size ? 2 : 0) +
    (file.fp === wanted.fp ? 1 : 0)
  return files.toSorted((a, b) => score(b) - score(a))[0] ?? null
}

/** What is listed as primary: the pick, unless a test says where the mark sits, or that there is none. */
export function listedPrimary(files: readonly StoredFile[]): StoredFile | null {
  if (files.some(({ isPrimary }) => isPrimary !== null))
    return files.find(({ isPrimary }) => isPrimary === true) ?? null
  return pickPrimary(files)
}

const TYPE_SCORES: Readonly<Record<string, number>> = { Model: 16, 'Pruned Model': 8 }
