// npm run docs:costs [-- --check]: writes docs/costs.md from infra/prices.yaml and infra/measured-runs.yaml, or fails where it
// differs.
import { readFileSync, writeFileSync } from 'node:fs'
import { costsPage } from './costs/page.ts'
import { readMeasuredRuns, readPriceList } from './costs/price-list.ts'

const file = new URL('../docs/costs.md', import.meta.url)
const page = costsPage(readPriceList(), readMeasuredRuns())

if (!process.argv.includes('--check')) {
  writeFileSync(file, page)
} else if (readFileSync(file, 'utf8') !== page) {
  console.error('docs/costs.md is not what infra/prices.yaml and infra/measured-runs.yaml say; run npm run docs:costs.')
  process.exit(1)
}
