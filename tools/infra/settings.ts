import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { infraPath, type Project } from './project.ts'

/** What deploy/ itself fills in. */
const FILLED_IN = ['COMMIT', 'IMAGE', 'SERVICE_URL']

/** What is wrong with the names in somebody's settings file, one sentence each: one that nobody reads would do nothing, in silence. */
export function settingProblems(given: readonly string[], project: Pick<Project, 'services' | 'secrets'>): string[] {
  const example = readFileSync(fileURLToPath(new URL('../../deploy/config.env.example', import.meta.url)), 'utf8')
  const specs = project.services.map((service) => readFileSync(infraPath(`services/${service}.yaml`), 'utf8')).join('')
  const known = new Set([
    ...[...example.matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name),
    ...[...specs.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name),
  ])
  for (const name of FILLED_IN) known.delete(name)
  return given.flatMap((name) => {
    if (known.has(name)) return []
    const secret = project.secrets.find(({ variable }) => variable === name)
    const isFilledIn = new RegExp(`\\bname: ${name},`).test(specs)
    if (secret === undefined && isFilledIn) return [`${name} is filled in from other settings; take it out of yours.`]
    return secret === undefined
      ? [
          `There is no setting ${name}; see deploy/config.env.example and the deployment's variables in docs/environment.md.`,
        ]
      : [`${name} is a secret and does not belong in the settings; give it to ${secret.name} (docs/secrets.md).`]
  })
}
