import { type SourceFile, withoutComments } from './source-files.ts'

/** What a file does against the house's rules (DESIGN §1), one sentence each. */
export type Rule = (file: SourceFile) => string[]

/** The ground floor of shared/: its folders may only import each other. */
const LOWER = ['errors', 'retry', 'config', 'logging']

/** Who may read process.env besides a service's main.ts, and why. */
const ENVIRONMENT_READERS: readonly [path: RegExp, reason: string][] = [
  [/^services\/[^/]+\/main\.ts$/, 'wires the service'],
  [/^(?:local|cli|bench|tools)\//, 'entry points of a laptop, which start services with an environment'],
  [/^tests\//, 'tests start processes and find emulators'],
]

const MAX_LINES = 400

/** Files that may be longer, and why. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'tests/integration/shared/jobs/runner.test.ts':
    'the rules of DESIGN §2 in one table of behaviours, on one set of helpers',
}

export const directionRules: Record<string, Rule> = {
  'shared imports no service, and neither local nor cli': (file) =>
    folderOf(file.path) === 'shared' ? importsOf(file, /^(?:services|local|cli|tools|bench|tests)\//) : [],

  'services do not import each other': (file) => {
    const service = serviceOf(file.path)
    if (service === null) return []
    return importsOf(file, /^services\//).filter((target) => serviceOf(target) !== service)
  },

  'errors, retry, config and logging import nothing above them': (file) => {
    const [top, folder = ''] = file.path.split('/')
    if (top !== 'shared' || !LOWER.includes(folder)) return []
    return importsOf(file, /./).filter((target) => !LOWER.includes(target.split('/')[1] ?? ''))
  },

  'outside a service only cli and local import it, and only its app.ts': (file) => {
    const top = folderOf(file.path)
    if (top === 'services' || top === 'tests' || top === 'bench') return []
    return importsOf(file, /^services\//).filter(
      (target) => !['cli', 'local'].includes(top) || !/^services\/[^/]+\/app\.ts$/.test(target),
    )
  },

  'production code imports neither local, nor tests, nor tools': (file) =>
    isProduction(file.path) ? importsOf(file, /^(?:local|tests|tools|bench)\//) : [],
}

/** Production code may only name packages that `npm ci --omit=dev` installs. */
export function packagesRule(dependencies: readonly string[]): Rule {
  return (file) => {
    if (!isProduction(file.path)) return []
    return file.imports
      .filter((one) => !one.isOurs && !one.isTypeOnly && !one.target.startsWith('node:'))
      .map((one) => one.target)
      .filter((name) => !dependencies.includes(name))
  }
}

export const environmentRule: Rule = (file) => {
  if (!/\bprocess\.env\b/.test(withoutComments(file.text))) return []
  return ENVIRONMENT_READERS.some(([path]) => path.test(file.path)) ? [] : ['process.env']
}

export const sizeRule: Rule = (file) =>
  file.lines > MAX_LINES && !(file.path in LONG_FILES) ? [`${file.lines} lines`] : []

/** `path: what` for everything that breaks the rule. */
export function violations(rule: Rule, files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => rule(file).map((what) => `${file.path}: ${what}`))
}

function importsOf(file: SourceFile, target: RegExp): string[] {
  return file.imports.filter((one) => one.isOurs && target.test(one.target)).map((one) => one.target)
}

function isProduction(path: string): boolean {
  return ['shared', 'services'].includes(folderOf(path))
}

function folderOf(path: string): string {
  return path.split('/', 1)[0] ?? ''
}

function serviceOf(path: string): string | null {
  return /^services\/([^/]+)\//.exec(path)?.[1] ?? null
}
