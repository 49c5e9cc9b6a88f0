/**
 * Compiles an Eventarc path pattern (`ai_models/{id}`) to a test of document paths: `{x}` or `*` is one segment, `{x=**}`
 * or `**` any number of them and may stand once (contract: Eventarc, Triggers). Throws a RangeError for a pattern that
 * gcloud would refuse too.
 */
export function compileDocumentPattern(pattern: string): (path: string) => boolean {
  const segments = pattern.split('/')
  if (pattern === '' || segments.includes('')) {
    throw new RangeError(`The document pattern "${pattern}" must be segments joined by single slashes.`)
  }
  const many = segments.filter(isMany).length
  if (many > 1) throw new RangeError(`The document pattern "${pattern}" may have only one ** segment.`)
  const source = segments.map(segmentSource).join('/')
  // Any number is none as well: the slash belongs to the segments that are there.
  const expression = new RegExp(`^${source.replace(/\/<many>|<many>\/|<many>/, manySource)}$`, 's')
  return (path) => expression.test(path)
}

function isMany(segment: string): boolean {
  return segment === '**' || /^\{\w+=\*\*\}$/.test(segment)
}

function segmentSource(segment: string): string {
  if (isMany(segment)) return '<many>'
  if (segment === '*' || /^\{\w+(=\*)?\}$/.test(segment)) return '[^/]+'
  if (/[{}*]/.test(segment)) throw new RangeError(`The pattern segment "${segment}" is neither a name nor a capture.`)
  return segment.replace(/[\\^$.|?+()[\]]/g, '\\$&').replaceAll('<', '\\x3c')
}

function manySource(marker: string): string {
  if (marker.startsWith('/')) return '(?:/[^/]+)*'
  return marker.endsWith('/') ? '(?:[^/]+/)*' : '.+'
}
