import { PROGRAMS, SERVICES, type Variable } from './variable.ts'
import { backgroundModelVariables } from './variables/background-model.ts'
import { imageVariables } from './variables/images.ts'
import { jobVariables } from './variables/jobs.ts'
import { malwareVariables } from './variables/malware.ts'
import { modelVariables } from './variables/models.ts'
import { registryVariables } from './variables/registry.ts'
import { replicateVariables } from './variables/replicate.ts'
import { serverVariables } from './variables/server.ts'
import { showcaseVariables } from './variables/showcase.ts'
import { storageVariables } from './variables/storage.ts'
import { trainingVariables } from './variables/trainings.ts'

const SECTIONS: readonly [title: string, variables: Readonly<Record<string, Variable>>][] = [
  ['Process, log and doors', serverVariables],
  ['Database and buckets', storageVariables],
  ['Jobs and tasks', jobVariables],
  ['Images', imageVariables],
  ['Replicate', replicateVariables],
  ['What is published of a picture', showcaseVariables],
  ['Background model', backgroundModelVariables],
  ['Malware scan', malwareVariables],
  ['Models', modelVariables],
  ['Registry and cache', registryVariables],
  ['Trainings, generations and the API', trainingVariables],
]

const HEAD = `# Environment

Generated from \`shared/config/variables/\` by \`npm run docs:environment\`; a test compares. Don't edit it here.

Empty text counts as absent. A service that is configured wrongly doesn't start and says everything that is wrong in one
message. A **secret** is given as its value, as \`sm://projects/P/secrets/S/versions/V\` (read from Secret Manager), or as
the path of a file in \`NAME_FILE\` (a mounted secret); it is never logged. "Set by" says who gives the variable: the
deployment's service spec, the platform (Cloud Run) itself, or only a laptop and the tests.
`

/** The text of docs/environment.md. */
export function environmentPage(): string {
  const sections = SECTIONS.map(([title, variables]) => {
    const rows = Object.entries(variables).map(([name, variable]) => row(name, variable))
    return `## ${title}\n\n| Variable | Value | Default | Services | Set by |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return [HEAD, ...sections].join('\n')
}

function row(name: string, variable: Variable): string {
  const secret = variable.secret ? ' (secret)' : ''
  const value = `${variable.description} ${capitalised(variable.schema.expects)}; for example \`${variable.example}\`.`
  const cells = [`\`${name}\`${secret}`, value, defaultCell(variable), programsCell(variable), variable.setBy]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function programsCell(variable: Variable): string {
  const named = new Set<string>(variable.services)
  if (PROGRAMS.every((program) => named.has(program))) return 'all, forge'
  return SERVICES.every((service) => named.has(service)) ? 'all' : variable.services.join(', ')
}

function defaultCell(variable: Variable): string {
  if (variable.presence === 'required') return '**required**'
  if (variable.default === null) return 'none'
  if (typeof variable.default !== 'string') return variable.default.says
  return variable.default === '' ? 'empty' : `\`${variable.default}\``
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
