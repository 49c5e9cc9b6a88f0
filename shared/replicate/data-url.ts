/** Bytes as a `data:` URL (RFC 2397). */
export function toDataUrl(bytes: Uint8Array, contentType: string): string {
  return `data:${contentType};base64,${Buffer.from(bytes).toString('base64')}`
}

/** The bytes and type of a base64 `data:` URL; null for anything else. */
export function readDataUrl(url: string): { bytes: Buffer; contentType: string } | null {
  const comma = url.indexOf(',')
  if (!/^data:/i.test(url) || comma < 0) return null
  const [contentType = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  if (parameters.at(-1)?.toLowerCase() !== 'base64') return null
  return { bytes: Buffer.from(url.slice(comma + 1), 'base64'), contentType: contentType.trim().toLowerCase() }
}
