import { archiveError } from './archive-error.ts'

const maxNameLength = 512

/**
 * Refuses a name that could lead out of a folder, or that readers take for different things. Nothing here is ever unpacked
 * under its own name; who packs such names means no good, and another program may trust what we let through.
 * @throws FinalError `archive.bad-name`
 */
export function checkEntryName(name: string): void {
  const fault = nameFault(name)
  if (fault !== null) throw archiveError('bad-name', `holds a file whose name ${fault}`)
}

/** One key for all the names that a file system may take for the same. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase().replace(/\/$/, '')
}

function nameFault(name: string): string | null {
  if (name === '') return 'is empty'
  if (name.length > maxNameLength) return 'is too long'
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffd]/u.test(name.replaceAll('\u200d', '')))
    return 'has characters that cannot be seen'
  if (name.includes('\\')) return 'has a backslash'
  if (name.startsWith('/')) return 'begins at the root'
  if (/^[a-z]:/i.test(name)) return 'begins with a drive'
  const segments = name.replace(/\/$/, '').split('/')
  return segments.some((segment) => segment === '' || segment === '.' || segment === '..') ? 'leads elsewhere' : null
}
