import type { DocumentData } from '@google-cloud/firestore'
import { TransientError } from '#shared/errors/app-error.ts'
import type { PhotoSource } from '#shared/trainings/training-jobs.ts'
import type { StartDeps } from '../../../../../services/api/training/start-deps.ts'
import { makeZip } from '../../../../unit/shared/archives/zip-bytes.ts'
import { photoArchive, photos } from './photo-archives.ts'
import { type StartWorld, useStartWorld } from './start-world.ts'

let world: StartWorld
let good: Buffer[]

useStartWorld((started) => {
  world = started
})
beforeAll(async () => {
  good = await photos(4)
})

const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')
const named = (name: string, content: Buffer) => [{ name, content }]
const hostile = (name: string) => async () =>
  world.serve(makeZip([...good.map((content, index) => ({ name: `${index}.jpg`, content })), { name }]))

type Case = [about: string, code: string, said: RegExp, source: () => Promise<PhotoSource>, deps?: Partial<StartDeps>]

const found = { scan: async () => ({ infected: true, signature: 'Test' }) as const }
const cases: Case[] = [
  ['three photos', 'training.too-few-photos', /at least 4/, () => world.upload(good.slice(1))],
  ['HEIC', 'photo.heic', /^Photo 2 cannot be used\. HEIC/, () => world.upload([good[0]!, heic, ...good])],
  ['malware', 'photo.infected', /malware/, () => world.upload(good), { scanner: found }],
  [
    'a photo that is too large',
    'objects.too-large',
    /at most 100/,
    () => world.upload(good),
    { limits: { maxPhotoBytes: 100 } },
  ],
  [
    'a photo that was replaced',
    'training.photo-gone',
    /^Photo 3 is no longer there/,
    async () => {
      const source = (await world.upload(good)) as PhotoSource & { kind: 'uploads' }
      const { name } = source.photos[2]!
      await world.store.remove({ bucket: world.deps.workBucket, name })
      return source
    },
  ],
  ['an archive of three', 'training.too-few-photos', /at least 4/, async () => world.serve(await photoArchive(3))],
  ['an archive of 101', 'training.too-many-photos', /at most 100/, async () => world.serve(await tooMany())],
  [
    'a page',
    'archive.damaged',
    /not a ZIP/,
    async () => world.serve(Buffer.from(`<html>${' '.repeat(90)}Log in</html>`)),
  ],
  ['a path', 'archive.bad-name', /leads elsewhere/, hostile('../../etc/passwd.jpg')],
  ['a root', 'archive.bad-name', /begins at the root/, hostile('/etc/passwd.jpg')],
  ['an archive in it', 'archive.nested', /another archive/, hostile('more.zip')],
  [
    'an archive called a photo',
    'archive.nested',
    /another archive/,
    async () => world.serve(await photoArchive(4, named('a.jpg', await photoArchive(1)))),
  ],
  [
    'a bomb',
    'archive.ratio',
    /unpacks to far more/,
    async () => world.serve(makeZip([{ name: 'a.jpg', content: Buffer.alloc(900_000), deflate: true }])),
  ],
  [
    'another file',
    'training.archive-foreign-file',
    /“set\/notes\.pdf”/,
    async () => world.serve(await photoArchive(4, named('set/notes.pdf', Buffer.from('%PDF')))),
  ],
  [
    'a text that belongs to no photo',
    'training.caption-alone',
    /“readme\.txt”/,
    async () => world.serve(await photoArchive(4, named('readme.txt', Buffer.from('hello')))),
  ],
  [
    'a novel',
    'training.caption-too-long',
    /“set\/1\.txt”/,
    async () => world.serve(await photoArchive(4, named('set/1.txt', Buffer.alloc(5000, 'a ')))),
  ],
  [
    'no photo behind its name',
    'photo.not-a-photo',
    /^Photo 5 cannot be used/,
    async () => world.serve(await photoArchive(4, named('set/x.png', Buffer.from('no picture')))),
  ],
  ['nothing there', 'training.archive-refused', /answered 404/, async () => world.serve(good[0]!, { status: 404 })],
  [
    'more than is fetched',
    'training.archive-too-large',
    /more than 500 MB/,
    async () => world.serve(good[0]!, { headers: { 'content-length': '500000001' } }),
  ],
  [
    'a redirect into the cloud',
    'guard.scheme',
    /not allowed/,
    async () =>
      world.serve(good[0]!, { status: 302, headers: { location: 'http://169.254.169.254/computeMetadata/v1/' } }),
  ],
  [
    'an internal address',
    'guard.address',
    /internal/,
    async () => ({ kind: 'zip', url: 'https://10.0.0.8/photos.zip' }),
  ],
]

async function tooMany(): Promise<Buffer> {
  const entries = Array.from({ length: 101 }, (_, index) => ({ name: `${index}.jpg`, content: good[0]! }))
  return makeZip(entries)
}

async function mailOf(trainingId: string): Promise<DocumentData | undefined> {
  return (await world.db.doc(`mail/training-${trainingId}`).get()).data()
}

test.each(cases)('%s ends the training with %s, refunded, with one mail and nothing left', async (...row) => {
  const [, code, said, source, deps] = row
  const training = await world.finish(await world.ask(await source()), deps)

  expect(training).toMatchObject({ status: 'failed', stage: 'upload', error: { code } })
  expect(training.error?.message).toMatch(said)
  expect((await mailOf(training.id))?.message.text).toContain(training.error?.message)
  const { quotas, storage } = await world.usage()
  expect([quotas.trainings, storage.reserved, await world.objects()]).toEqual([{}, {}, []])
  expect(world.replicate.requests).toEqual([])
})

test('a scanner that is away does not pass photos, and is asked again before the training fails', async () => {
  let asked = 0
  const scanner = {
    scan: async () => {
      asked += 1
      throw new TransientError({ code: 'malware.unreachable', message: 'The scanner cannot be reached.' })
    },
  }
  const training = await world.finish(await world.ask(await world.upload(good)), { scanner })

  expect([training.error?.code, asked]).toEqual(['malware.unreachable', 4])
  expect(await world.objects()).toEqual([])
})

test('a server that has a fault of its own is asked again', async () => {
  const archive = world.serve(await photoArchive(4), { status: 503 })
  const before = world.fetches()
  const training = await world.train(archive)

  expect([training.error?.code, world.fetches() - before]).toEqual(['http.status', 4])
})
