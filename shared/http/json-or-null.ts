/** A body as JSON; null where it is none, as a page of something in front of the service. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
