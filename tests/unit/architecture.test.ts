import { readFileSync } from 'node:fs'
import {
  directionRules,
  environmentRule,
  packagesRule,
  type Rule,
  sizeRule,
  violations,
} from '../support/architecture/rules.ts'
import { readSources, sourceFile } from '../support/architecture/source-files.ts'

const manifest: { dependencies: Record<string, string> } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
const rules: Record<string, Rule> = {
  ...directionRules,
  'production code uses production dependencies only': packagesRule(Object.keys(manifest.dependencies)),
  'only main.ts reads process.env': environmentRule,
  'no file is over 400 lines': sizeRule,
}
const sources = readSources()

test('the checker sees the code', () => {
  const paths = sources.map((file) => file.path)
  expect(paths).toContain('shared/server/start-server.ts')
  expect(paths).toContain('services/image-worker/main.ts')
  const main = sources.find((file) => file.path === 'services/image-worker/main.ts')
  expect(main?.imports.map((one) => one.target)).toContain('services/image-worker/app.ts')
  // Every import of ours that was read must name a file: a pattern that reads nonsense would check nonsense.
  const known = new Set(paths)
  const lost = sources
    .filter((file) => !file.path.startsWith('tests/'))
    .flatMap((file) => file.imports.filter((one) => one.isOurs && /\.ts$/.test(one.target)))
    .filter((one) => !known.has(one.target))
  expect(lost).toEqual([])
})

test.each(Object.keys(rules))('%s', (name) => {
  expect(violations(rules[name]!, sources)).toEqual([])
})

// Control: each rule finds what it is there for, in every form in which a file can name another.
test.each<[rule: string, path: string, text: string]>([
  [
    'shared imports no service, and neither local nor cli',
    'shared/jobs/a.ts',
    "import { x } from '../../services/api/x.ts'",
  ],
  ['shared imports no service, and neither local nor cli', 'shared/jobs/a.ts', "export * from '#local/bucket/x.ts'"],
  ['services do not import each other', 'services/api/a.ts', "import type { X } from '../model-sync/x.ts'"],
  ['services do not import each other', 'services/api/a.ts', "await import('../image-worker/app.ts')"],
  ['errors, retry, config and logging import nothing above them', 'shared/config/a.ts', "import '#shared/jobs/x.ts'"],
  [
    'errors, retry, config and logging import nothing above them',
    'shared/errors/a.ts',
    "import {\n  x,\n} from '../http/x.ts'",
  ],
  [
    'outside a service only cli and local import it, and only its app.ts',
    'local/a.ts',
    "import { x } from '../services/api/x.ts'",
  ],
  [
    'outside a service only cli and local import it, and only its app.ts',
    'tools/a.ts',
    "import { x } from '../services/api/app.ts'",
  ],
  [
    'production code imports neither local, nor tests, nor tools',
    'services/api/a.ts',
    "import x from '../../tests/support/x.ts'",
  ],
  ['production code uses production dependencies only', 'shared/jobs/a.ts', "import * as grpc from '@grpc/grpc-js'"],
  [
    'production code uses production dependencies only',
    'services/api/a.ts',
    "const x = require('esbuild/lib/main.js')",
  ],
  ['only main.ts reads process.env', 'services/api/app.ts', 'const x = process.env.X'],
  ['no file is over 400 lines', 'local/a.ts', 'x\n'.repeat(401)],
])('the rule "%s" finds it in %s: %j', (name, path, text) => {
  expect(violations(rules[name]!, [sourceFile(path, text)])).toHaveLength(1)
})

test.each<[path: string, text: string]>([
  [
    'services/api/a.ts',
    "import { x } from '#shared/jobs/x.ts'\nimport { y } from './steps/y.ts'\nimport { z } from 'express'",
  ],
  ['shared/config/a.ts', "import { x } from '#shared/errors/app-error.ts'\n// process.env is read by main.ts"],
  ['local/a.ts', "import { x } from '../services/api/app.ts'\nimport * as grpc from '@grpc/grpc-js'"],
  ['services/api/main.ts', 'run(process.env)'],
  ['shared/jobs/a.ts', "import type { Express } from 'express-serve-static-core'"],
  ['local/a.ts', 'x\n'.repeat(400)],
])('no rule minds what is allowed in %s: %j', (path, text) => {
  for (const rule of Object.values(rules)) expect(violations(rule, [sourceFile(path, text)])).toEqual([])
})
