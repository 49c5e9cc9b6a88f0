// npm run docs:rights [-- --check]: writes docs/rights.md from infra/project.yaml, or fails where it differs.
import { readFileSync, writeFileSync } from 'node:fs'
import { readProject } from './infra/project.ts'
import { rightsPage } from './infra/rights-page.ts'

const file = new URL('../docs/rights.md', import.meta.url)
const page = rightsPage(readProject())

if (!process.argv.includes('--check')) {
  writeFileSync(file, page)
} else if (readFileSync(file, 'utf8') !== page) {
  console.error('docs/rights.md is not what infra/project.yaml says; run npm run docs:rights.')
  process.exit(1)
}
