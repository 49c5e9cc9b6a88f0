const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

/** Bytes of `1073741824`, `24MB` or `1GiB`; null for anything else. */
export function parseByteSize(text: string): number | null {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const factor = units[unit.toLowerCase()]
  if (amount === '' || factor === undefined) return null
  const bytes = Number(amount) * factor
  return Number.isSafeInteger(bytes) ? bytes : null
}
