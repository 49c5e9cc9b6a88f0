// Writes docs/environment.md from the table of shared/config; with --check it only compares and exits 1 on a difference.
import { readFileSync, writeFileSync } from 'node:fs'
import { environmentPage } from '#shared/config/environment-page.ts'

const page = new URL('../docs/environment.md', import.meta.url)
const wanted = environmentPage()

if (!process.argv.includes('--check')) {
  writeFileSync(page, wanted)
} else if (readFileSync(page, 'utf8') !== wanted) {
  console.error('docs/environment.md is not what the table in shared/config says; run: npm run docs:environment')
  process.exitCode = 1
}
