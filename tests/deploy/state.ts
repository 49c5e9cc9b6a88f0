import type { FakeProject } from './fake-project.ts'

/** All things and grants of a project as lines, without what only counts how often they were changed. */
export function stateOf(project: FakeProject): string[] {
  const things = project.entries.map(([kind, name, thing]) => {
    const { etag, revisions, name: own, ...rest } = thing
    const isNumbered = /\/\d+$/.test(name)
    const text = `${kind} ${isNumbered ? '' : `${name} ${own}`} ${JSON.stringify(sorted(rest))}`
    return text.replace(/-0000\d/g, '-0000N').replace(/notificationChannels\/\d+/g, 'notificationChannels/N')
  })
  return [...things.sort(), ...project.grants]
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, one]) => [key, sorted(one)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
