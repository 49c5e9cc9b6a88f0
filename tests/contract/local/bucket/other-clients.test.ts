import { useFixture } from './bucket-server.ts'

/** What clients of other languages send otherwise than the official one for Node, as recorded from them. */

const fixture = useFixture()

test.each([
  ['a text', 'line one\nline two\r\n'],
  ['nothing', ''],
])(
  'gcloud’s multipart upload of %s, with bare line feeds and single quotes, is stored byte by byte',
  async (_, text) => {
    const boundary = '===============4130594104612466293=='
    const part = (...lines: string[]) => `--${boundary}\n${lines.join('\n')}`
    const metadata = JSON.stringify({ name: 'a/x.txt', contentType: 'text/plain', metadata: { a: '1' } })
    const response = await fetch(
      `${fixture().server.url}/upload/storage/v1/b/uploads/o?uploadType=multipart&alt=json`,
      {
        method: 'POST',
        headers: { 'content-type': `multipart/related; boundary='${boundary}'` },
        body: [
          part('Content-Type: application/json', 'MIME-Version: 1.0', '', `${metadata}\n`),
          part('Content-Type: text/plain', 'MIME-Version: 1.0', 'Content-Transfer-Encoding: binary', '', `${text}\n`),
          `--${boundary}--`,
        ].join(''),
      },
    )

    expect(response.status).toBe(200)
    const file = fixture().bucket.file('a/x.txt')
    expect(String((await file.download())[0])).toBe(text)
    expect((await file.getMetadata())[0]).toMatchObject({ contentType: 'text/plain', metadata: { a: '1' } })
  },
)

test('a copy whose body is null, as from clients in Go, takes all of the source', async () => {
  await fixture().bucket.file('a').save('x', { resumable: false, contentType: 'text/x-own' })
  const url = `${fixture().server.url}/storage/v1/b/uploads/o/a/rewriteTo/b/uploads/o/b`
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'null\n' })

  expect(await response.json()).toMatchObject({ done: true, resource: { name: 'b', contentType: 'text/x-own' } })
})

test('what gcloud asks before it removes a bucket is answered: no folders that are things of their own', async () => {
  const ask = async (path: string) => (await fetch(`${fixture().server.url}/storage/v1/b/${path}`)).json()

  expect(await ask('uploads/storageLayout')).toMatchObject({
    bucket: 'uploads',
    hierarchicalNamespace: { enabled: false },
  })
  expect(await ask('uploads/managedFolders')).toEqual({ kind: 'storage#managedFolders' })
  expect(await ask('nowhere/storageLayout')).toMatchObject({ error: { code: 404 } })
})

test('a client library without credentials reads by the object’s path, as Go’s does; a browser does not', async () => {
  await fixture().bucket.file('a b').save('mine', { resumable: false })
  const read = (headers: Record<string, string>) => fetch(`${fixture().server.url}/uploads/a%20b`, { headers })

  expect(await (await read({ 'x-goog-api-client': 'gl-go/1.25 gccl/1.56.0' })).text()).toBe('mine')
  expect((await read({})).status).toBe(403)
})

test('fields cuts the answers to an upload and a rewrite too', async () => {
  const post = async (path: string) => {
    const response = await fetch(`${fixture().server.url}${path}`, { method: 'POST', body: '' })
    return await response.json()
  }

  expect(await post('/upload/storage/v1/b/uploads/o?uploadType=media&name=a&fields=name,size')).toEqual({
    name: 'a',
    size: '0',
  })
  expect(await post('/storage/v1/b/uploads/o/a/rewriteTo/b/uploads/o/b?fields=done,resource(name)')).toEqual({
    done: true,
    resource: { name: 'b' },
  })
})
