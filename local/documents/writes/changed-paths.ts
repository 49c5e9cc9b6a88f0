import { type FieldPath, formatFieldPath } from '#local/documents/values/field-path.ts'
import { sameValue } from '#local/documents/values/order.ts'
import { type Fields, vectorOf } from '#local/documents/values/value.ts'

/** The paths at which two versions differ, as deep as both have maps: the update mask of a change event. */
export function changedFieldPaths(before: Fields, after: Fields, parent: FieldPath = []): string[] {
  const paths: string[] = []
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const left = before.get(name)
    const right = after.get(name)
    if (left !== undefined && right !== undefined && sameValue(left, right)) continue
    const path = [...parent, name]
    const areMaps = left?.type === 'map' && right?.type === 'map'
    // A vector is one value, though it travels as a map.
    if (areMaps && vectorOf(left) === null && vectorOf(right) === null)
      paths.push(...changedFieldPaths(left.fields, right.fields, path))
    else paths.push(formatFieldPath(path))
  }
  return paths
}
