import { readdirSync, readFileSync } from 'node:fs'
import { commands } from '../../../cli/commands.ts'
import { backgroundNames, cliPage } from '../../../cli/page/cli-page.ts'

const root = new URL('../../../', import.meta.url)

test('docs/cli.md is what the commands say (npm run docs:cli writes it)', () => {
  expect(readFileSync(new URL('docs/cli.md', root), 'utf8')).toBe(cliPage())
})

test('every command has its section, with its help', () => {
  const page = cliPage()
  for (const { words, usage } of commands) {
    expect(page).toMatch(new RegExp(`^###? ${words.join(' ')}$`, 'm'))
    expect(page).toContain(usage.trim())
  }
})

test('each text beside the page belongs to a command, so that none is forgotten when one goes', () => {
  const texts = readdirSync(new URL('cli/page/', root)).filter((name) => name.endsWith('.md'))
  const names = backgroundNames()
  expect(texts.filter((name) => !names.includes(name.slice(0, -'.md'.length)))).toEqual([])
})

test('its links lead somewhere', () => {
  const page = cliPage()
  const heads = [...page.matchAll(/^#{2,3} (.+)$/gm)].map(
    ([, head = '']) => `#${head.toLowerCase().replaceAll(' ', '-')}`,
  )
  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
  const files = readdirSync(new URL('docs/', root))
  expect(links.filter((link) => !heads.includes(link) && !files.includes(link))).toEqual([])
})
