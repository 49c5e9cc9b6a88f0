import type { TarEntry } from './tar.ts'

export const HOSTILE_ARCHIVES = ['traversal', 'absolute', 'symlink', 'two-weights', 'no-weights', 'not-a-tar'] as const

export type HostileArchive = (typeof HOSTILE_ARCHIVES)[number]

/** The entries of an archive that must not be unpacked as it is; null for one that is no archive at all. */
export function hostileEntries(how: HostileArchive, entries: readonly TarEntry[]): readonly TarEntry[] | null {
  const weights = entries.find(({ name }) => name.endsWith('/lora.safetensors'))
  const others = entries.filter((entry) => entry !== weights)
  if (weights === undefined) return entries
  switch (how) {
    case 'traversal':
      return [{ ...weights, name: '../../../tmp/lora.safetensors' }, ...others]
    case 'absolute':
      return [{ ...weights, name: '/tmp/lora.safetensors' }, ...others]
    case 'symlink':
      return [{ name: weights.name, linkTo: '/etc/passwd' }, ...others]
    case 'two-weights':
      return [weights, { ...weights, name: 'output/other/lora.safetensors' }, ...others]
    case 'no-weights':
      return others
    case 'not-a-tar':
      return null
    default:
      return how satisfies never
  }
}
