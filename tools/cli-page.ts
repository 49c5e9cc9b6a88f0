// Writes docs/cli.md from forge's commands; with --check it only compares and exits 1 on a difference.
import { readFileSync, writeFileSync } from 'node:fs'
import { cliPage } from '../cli/page/cli-page.ts'

const page = new URL('../docs/cli.md', import.meta.url)
const wanted = cliPage()

if (!process.argv.includes('--check')) {
  writeFileSync(page, wanted)
} else if (readFileSync(page, 'utf8') !== wanted) {
  console.error('docs/cli.md is not what the commands say; run: npm run docs:cli')
  process.exitCode = 1
}
