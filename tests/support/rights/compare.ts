import { readFileSync } from 'node:fs'
import type { ApiCall } from '#local/recording/recording.ts'
import type { Grant } from '../../../tools/infra/project.ts'
import { permissionsOf } from './permissions.ts'

const roles: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(new URL('../../fixtures/iam/roles.json', import.meta.url), 'utf8'),
)

/** Roles that could take another's place on the same thing, the smallest first. */
const ALTERNATIVES = [
  ['roles/storage.objectViewer', 'roles/storage.objectCreator', 'roles/storage.objectUser'],
  ['roles/datastore.viewer', 'roles/datastore.user'],
]

export interface Comparison {
  /** Permissions that a recorded call takes and no granted role holds on that resource. */
  missing: string[]
  /** Granted roles that no recorded call needed. */
  unused: string[]
  /** Roles in whose place a smaller one would have done for everything that was recorded. */
  larger: string[]
}

/** Compares what one service's calls take with what its account is granted. */
export function compareRights(calls: readonly ApiCall[], grants: readonly Grant[]): Comparison {
  const needed = new Map<string, Map<string, string>>()
  for (const call of calls) {
    const onResource = needed.get(call.on) ?? new Map<string, string>()
    needed.set(call.on, onResource)
    for (const permission of permissionsOf(call)) onResource.set(permission, call.method)
  }
  const missing = [...needed].flatMap(([on, permissions]) => {
    const held = new Set(grants.filter((grant) => grant.on === on).flatMap(({ role }) => heldBy(role)))
    return [...permissions]
      .filter(([permission]) => !held.has(permission))
      .map(([permission, method]) => `${permission} on ${on}, for ${method}`)
  })
  const isNeeded = ({ role, on }: Grant) => heldBy(role).some((permission) => needed.get(on)?.has(permission))
  const unused = grants.filter((grant) => !isNeeded(grant)).map(({ role, on }) => `${role} on ${on}`)
  const larger = grants.filter(isNeeded).flatMap(({ role, on }) => {
    const wanted = [...(needed.get(on)?.keys() ?? [])]
    const others = ALTERNATIVES.find((group) => group.includes(role)) ?? []
    const smaller = others
      .slice(0, others.indexOf(role))
      .find((one) => wanted.every((name) => heldBy(one).includes(name)))
    return smaller === undefined ? [] : [`${role} on ${on}: ${smaller} would do`]
  })
  return { missing, unused, larger }
}

function heldBy(role: string): readonly string[] {
  const permissions = roles[role]
  if (permissions === undefined) throw new Error(`What ${role} holds is not in tests/fixtures/iam/roles.json.`)
  return permissions
}
