import { ObjectScanner, parseJson } from './object-scanner.ts'
import { lyingHeader } from './safetensors-error.ts'

/** Trainers write some 80. */
const maxEntries = 10_000
/** Kept in memory; what is longer (thumbnails as data URLs, the tags of a million pictures) tells us nothing. */
const maxEntryBytes = 2 * 1024 * 1024
const maxTotalBytes = 4 * 1024 * 1024

/**
 * `__metadata__`: a map of string to string, or null. A Map, because its names are foreign too. Entries that are too long are
 * left out.
 * @throws FinalError `safetensors.lying-header`
 * @throws ScanError when the text is not JSON
 */
export function readMetadata(json: Buffer): ReadonlyMap<string, string> | null {
  if (json.toString('latin1', 0, 5) === 'null') return null
  const metadata = new Map<string, string>()
  const scanner = new ObjectScanner({ maxKeyBytes: 8192, maxValueBytes: () => json.length })
  let entries = 0
  let totalBytes = 0
  for (const { key, value } of scanner.push(json)) {
    entries += 1
    if (entries > maxEntries) throw lyingHeader('its metadata has absurdly many entries')
    if (metadata.has(key)) throw lyingHeader('its metadata names something twice', { name: key })
    if (value[0] !== 0x22) throw lyingHeader('its metadata holds something that is no text', { name: key })
    if (value.length > maxEntryBytes || totalBytes + value.length > maxTotalBytes) continue
    totalBytes += value.length
    metadata.set(key, String(parseJson(value)))
  }
  scanner.end()
  return metadata
}
