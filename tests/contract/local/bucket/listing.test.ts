import { type Fixture, startFixture, statusOf } from './bucket-server.ts'

let fixture: Fixture

const NAMES = ['a.png', 'a/1.png', 'a/2.jpg', 'a/b/3.png', 'b/', 'b/4.png', 'c', 'é', '\uffee', '😀']

beforeAll(async () => {
  fixture = await startFixture()
  for (const name of NAMES.toReversed()) await fixture.bucket.file(name).save(name, { resumable: false })
})

afterAll(async () => {
  await fixture.stop()
  expect(fixture.errors).toEqual([])
})

/** Names and prefixes of one page, as the API words them. */
async function list(
  query: Record<string, string>,
): Promise<{ names: string[]; prefixes: string[]; nextPageToken?: string }> {
  const response = await fetch(`${fixture.server.url}/storage/v1/b/uploads/o?${new URLSearchParams(query)}`)
  expect(response.status).toBe(200)
  const {
    items = [],
    prefixes = [],
    nextPageToken,
  } = (await response.json()) as {
    items?: { name: string }[]
    prefixes?: string[]
    nextPageToken?: string
  }
  return { names: items.map(({ name }) => name), prefixes, ...(nextPageToken === undefined ? {} : { nextPageToken }) }
}

test('names come in the order of their UTF-8 bytes', async () => {
  const [files] = await fixture.bucket.getFiles()

  expect(files.map(({ name }) => name)).toEqual(NAMES)
})

test('a prefix selects', async () => {
  expect((await list({ prefix: 'a/' })).names).toEqual(['a/1.png', 'a/2.jpg', 'a/b/3.png'])
})

test('a delimiter folds what lies deeper into prefixes', async () => {
  expect(await list({ delimiter: '/' })).toEqual({ names: ['a.png', 'c', 'é', '\uffee', '😀'], prefixes: ['a/', 'b/'] })
  expect(await list({ delimiter: '/', prefix: 'a/' })).toEqual({ names: ['a/1.png', 'a/2.jpg'], prefixes: ['a/b/'] })
})

test('a name that ends in its only delimiter is an item too, if asked for', async () => {
  const { names, prefixes } = await list({ delimiter: '/', includeTrailingDelimiter: 'true', prefix: 'b' })

  expect({ names, prefixes }).toEqual({ names: ['b/'], prefixes: ['b/'] })
})

test('offsets bound the names: the first inclusive, the last exclusive', async () => {
  expect((await list({ startOffset: 'a/2.jpg', endOffset: 'b/4.png' })).names).toEqual(['a/2.jpg', 'a/b/3.png', 'b/'])
})

test.each([
  ['*.png', ['a.png']],
  ['**.png', ['a.png', 'a/1.png', 'a/b/3.png', 'b/4.png']],
  ['a/*', ['a/1.png', 'a/2.jpg']],
  ['**/?.png', ['a.png', 'a/1.png', 'a/b/3.png', 'b/4.png']],
  ['a/[12].*', ['a/1.png', 'a/2.jpg']],
  ['a/[!1].*', ['a/2.jpg']],
  ['{a,b}/*.{png,gif}', ['a/1.png', 'b/4.png']],
])('matchGlob %s', async (matchGlob, expected) => {
  expect((await list({ matchGlob })).names).toEqual(expected)
})

test.each([{}, { delimiter: '/' }, { delimiter: '/', prefix: 'a/' }])(
  'pages of every size together are the whole listing (%j)',
  async (query) => {
    const whole = await list(query)
    for (let maxResults = 1; maxResults <= 4; maxResults++) {
      const names: string[] = []
      const prefixes: string[] = []
      let pageToken = ''
      do {
        const page = await list({
          ...query,
          maxResults: String(maxResults),
          ...(pageToken === '' ? {} : { pageToken }),
        })
        expect(page.names.length + page.prefixes.length).toBeLessThanOrEqual(maxResults)
        names.push(...page.names)
        prefixes.push(...page.prefixes)
        pageToken = page.nextPageToken ?? ''
      } while (pageToken !== '')
      expect({ names, prefixes }).toEqual({ names: whole.names, prefixes: whole.prefixes })
    }
  },
)

test('the client pages through by the tokens that it is given', async () => {
  const pages: string[][] = []
  let query: object | null = { maxResults: 4, autoPaginate: false }
  while (query !== null) {
    const [files, next]: [{ name: string }[], object | null, unknown] = await fixture.bucket.getFiles(query)
    pages.push(files.map(({ name }) => name))
    query = next
  }

  expect(pages).toEqual([NAMES.slice(0, 4), NAMES.slice(4, 8), NAMES.slice(8)])
})

test('fields cuts the answer to what was asked for', async () => {
  const response = await fetch(
    `${fixture.server.url}/storage/v1/b/uploads/o?fields=items(name,size),nextPageToken&maxResults=1`,
  )

  expect(await response.json()).toEqual({ items: [{ name: 'a.png', size: '5' }], nextPageToken: expect.any(String) })
})

test('parameters that make no sense are refused', async () => {
  const status = async (query: string) => (await fetch(`${fixture.server.url}/b/uploads/o?${query}`)).status

  expect(await status('maxResults=many')).toBe(400)
  expect(await status('matchGlob=%7Ba')).toBe(400)
  expect(await status('matchGlob=*&delimiter=,')).toBe(400)
  expect(await statusOf(fixture.storage.bucket('nowhere-at-all').getFiles())).toBe(404)
})
