import { existsSync, globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = globSync(['*.md', '{docs,infra,deploy,cli,tests}/**/*.md'], { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  // The parts of docs/cli.md: their links are true where they are put together.
  .filter((path) => !path.startsWith('cli/page/'))

/** What a clone does not have, and its owner makes. */
const madeByHand = ['deploy/config.env']

test('the pages are seen', () => {
  expect(pages).toEqual(
    expect.arrayContaining(['README.md', 'docs/deploy.md', 'docs/decisions/0001-jobs-in-firestore.md']),
  )
})

test.each(pages)('%s links to files and headings that there are', (page) => {
  expect(lostLinks(page, read(page))).toEqual([])
})

test.each(pages)('%s names files that there are', (page) => {
  expect(lostPaths(read(page))).toEqual([])
})

// Control: what is lost is found, in every form in which a page can name it.
test.each([
  ['[gone](gone.md)', ['gone.md']],
  ['![gone](images/gone.png)', ['images/gone.png']],
  ['[decisions](decisions), [deploy](deploy.md#who-may-run-it), [web](https://example.com/gone.md)', []],
  ['[no such heading](deploy.md#who-may-not)', ['deploy.md#who-may-not']],
  ['# Two\n\n# Two\n\n[here](#two), [again](#two-1), [never](#two-2)', ['#two-2']],
  ['```\n[code](gone.md)\n```', []],
])('links of %j', (text, lost) => {
  expect(lostLinks('docs/page.md', text)).toEqual(lost)
})

test.each([
  ['`shared/jobs/runner.ts` and `services/gone.ts`', ['services/gone.ts']],
  ['`shared/registry/model/{base-models,gone}.ts`', ['shared/registry/model/gone.ts']],
  ['`deploy/*.sh`, `local/ready`, `deploy/config.env`', []],
])('files in %j', (text, lost) => {
  expect(lostPaths(text)).toEqual(lost)
})

function lostLinks(page: string, text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path))
    if (path !== '' && !existsSync(posix.join(root, target))) return true
    return anchor !== undefined && !anchorsOf(target === page ? text : read(target)).includes(anchor)
  })
}

/** Whole names with their extension, in backquotes, below a folder of code; `{a,b}` is each of them. */
function lostPaths(text: string): string[] {
  const folders = 'services|shared|local|cli|infra|deploy|bench|tests|tools|docs'
  const named = [...text.matchAll(new RegExp(`\`((?:${folders})/[^\`\\s*]+\\.\\w+)\``, 'g'))]
  return named
    .flatMap(([, path = '']) => {
      const [, before = '', choices, after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? []
      return choices === undefined ? [path] : choices.split(',').map((choice) => `${before}${choice}${after}`)
    })
    .filter((path) => !madeByHand.includes(path) && !existsSync(posix.join(root, path)))
}

/** As GitHub makes them of headings: lower case, no punctuation, dashes for blanks, numbers for those that come again. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return [...withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    return times === 0 ? anchor : `${anchor}-${times}`
  })
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```/gms, '')
}

function read(page: string): string {
  return readFileSync(posix.join(root, page), 'utf8')
}
