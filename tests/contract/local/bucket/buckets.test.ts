import { statusOf, useFixture } from './bucket-server.ts'

const fixture = useFixture()

describe('buckets', () => {
  test('are created, found, listed and deleted', async () => {
    const [bucket] = await fixture().storage.createBucket('my-models', { location: 'EU' })

    expect((await bucket.getMetadata())[0]).toMatchObject({
      kind: 'storage#bucket',
      location: 'EU',
      metageneration: '1',
    })
    expect((await fixture().storage.getBuckets())[0].map(({ name }) => name)).toEqual(['my-models', 'uploads'])
    await bucket.delete()
    expect(await bucket.exists()).toEqual([false])
  })

  test('a name that is taken is 409, a bad one 400', async () => {
    expect(await statusOf(fixture().storage.createBucket('uploads'))).toBe(409)
    expect(await statusOf(fixture().storage.createBucket('Not/Valid'))).toBe(400)
  })

  test('one that is not empty cannot be deleted', async () => {
    await fixture().bucket.file('a').save('x', { resumable: false })

    expect(await statusOf(fixture().bucket.delete())).toBe(409)
    await fixture().bucket.deleteFiles()
    await fixture().bucket.delete()
    expect(await fixture().bucket.exists()).toEqual([false])
  })

  test('settings are merged by a patch; null deletes', async () => {
    await fixture().bucket.setMetadata({ labels: { a: '1', b: '2' }, lifecycle: { rule: [] } })
    await fixture().bucket.setMetadata({ labels: { a: null, c: '3' } })

    expect((await fixture().bucket.getMetadata())[0]).toMatchObject({ labels: { b: '2', c: '3' }, metageneration: '3' })
    expect((await fixture().bucket.getMetadata())[0].labels).not.toHaveProperty('a')
  })

  test('a patch under another metageneration is 412', async () => {
    expect(await statusOf(fixture().bucket.setMetadata({ labels: { a: '1' } }, { ifMetagenerationMatch: 7 }))).toBe(412)
  })

  test('what is not supported is refused, never silently accepted', async () => {
    expect(await statusOf(fixture().bucket.setMetadata({ versioning: { enabled: true } }))).toBe(501)
    expect(await statusOf(fixture().bucket.setMetadata({ retentionPolicy: { retentionPeriod: 5 } }))).toBe(501)
    expect(await statusOf(fixture().bucket.setMetadata({ defaultEventBasedHold: true }))).toBe(501)
    const locked = fixture().bucket.file('locked', { encryptionKey: Buffer.alloc(32, 7) })
    expect(await statusOf(locked.save('x', { resumable: false }))).toBe(501)
    const file = fixture().bucket.file('held')
    await file.save('x', { resumable: false })
    expect(await statusOf(file.setMetadata({ temporaryHold: true }))).toBe(501)
    expect((await file.setMetadata({ temporaryHold: false, metadata: { a: '1' } }))[0].metadata).toEqual({ a: '1' })
  })

  test('are listed in pages', async () => {
    for (const name of ['one', 'two']) await fixture().storage.createBucket(`my-${name}`)
    const pageAfter = async (query: object) => {
      const [buckets, next] = await fixture().storage.getBuckets({ maxResults: 2, autoPaginate: false, ...query })
      return { names: buckets.map(({ name }) => name), next: next as object | null }
    }
    const first = await pageAfter({})

    expect(first.names).toEqual(['my-one', 'my-two'])
    expect(await pageAfter(first.next ?? {})).toEqual({ names: ['uploads'], next: null })
  })

  test('a policy that somebody has changed since it was read is not overwritten', async () => {
    const [read] = await fixture().bucket.iam.getPolicy()
    await fixture().bucket.iam.setPolicy({
      ...read,
      bindings: [{ role: 'roles/storage.admin', members: ['user:a@b.c'] }],
    })

    expect(await statusOf(fixture().bucket.iam.setPolicy({ ...read, bindings: [] }))).toBe(412)
  })

  test('createBucket of a server leaves an existing bucket as it is', async () => {
    await fixture().bucket.file('a').save('x', { resumable: false })

    await fixture().server.createBucket('uploads')

    expect(await fixture().bucket.file('a').exists()).toEqual([true])
  })
})

describe('access', () => {
  const file = () => fixture().bucket.file('picture.png')
  const publicUrl = () => `${fixture().server.url}/uploads/picture.png`

  beforeEach(async () => {
    await file().save('bytes', { resumable: false })
  })

  test('an object is private until it is made public, and again after makePrivate', async () => {
    expect((await fetch(publicUrl())).status).toBe(403)

    await file().makePublic()
    expect(await (await fetch(publicUrl())).text()).toBe('bytes')
    expect(await file().isPublic()).toEqual([true])

    await file().makePrivate()
    expect((await fetch(publicUrl())).status).toBe(403)
    expect(await file().isPublic()).toEqual([false])
  })

  test.each([true, false])('an upload with public: true can be read by anybody (resumable: %s)', async (resumable) => {
    await file().save('for all', { public: true, resumable })

    expect(await (await fetch(publicUrl())).text()).toBe('for all')
    expect(await (await fetch(file().publicUrl())).text()).toBe('for all')
  })

  test('entries of the access list can be added, read and deleted', async () => {
    await file().acl.add({ entity: 'user-a@example.com', role: 'READER' })

    const [entries] = await file().acl.get()
    expect(entries).toContainEqual({ entity: 'user-a@example.com', role: 'READER' })
    expect((await file().acl.get({ entity: 'user-a@example.com' }))[0]).toMatchObject({ role: 'READER' })
    await file().acl.delete({ entity: 'user-a@example.com' })
    expect(await statusOf(file().acl.get({ entity: 'user-a@example.com' }))).toBe(404)
  })

  test('a bucket that is made public makes public what comes after, and lists who may', async () => {
    const later = fixture().bucket.file('later.png')
    const statusOfLater = async () => (await fetch(`${fixture().server.url}/uploads/later.png`)).status
    await fixture().bucket.makePublic()
    await later.save('x', { resumable: false })

    expect([await statusOfLater(), (await fetch(publicUrl())).status]).toEqual([200, 403])
    const everybody = { entity: 'allUsers', role: 'READER' }
    expect((await fixture().bucket.acl.get())[0]).toContainEqual(everybody)
    expect((await fixture().bucket.acl.default.get({ entity: 'allUsers' }))[0]).toMatchObject(everybody)

    await fixture().bucket.acl.default.delete({ entity: 'allUsers' })
    await fixture().bucket.makePrivate()
    await later.save('y', { resumable: false })
    expect(await statusOfLater()).toBe(403)
    expect((await fixture().bucket.acl.get())[0]).not.toContainEqual(everybody)
    expect(await statusOf(fixture().bucket.acl.get({ entity: 'allUsers' }))).toBe(404)
  })

  test('projection=full shows the access list, else it is not there', async () => {
    const [plain] = await file().getMetadata()
    const full = await fetch(`${fixture().server.url}/b/uploads/o/picture.png?projection=full`)

    expect(plain.acl).toBeUndefined()
    expect(await full.json()).toMatchObject({
      acl: expect.arrayContaining([expect.objectContaining({ role: 'OWNER' })]),
    })
  })

  describe('with uniform access', () => {
    beforeEach(() =>
      fixture().bucket.setMetadata({ iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } }),
    )

    test('whatever sets object access is 400, with Google’s words', async () => {
      await expect(file().save('x', { public: true, resumable: false })).rejects.toMatchObject({
        code: 400,
        message: expect.stringContaining(
          'Cannot insert legacy ACL for an object when uniform bucket-level access is enabled',
        ),
      })
      expect(await statusOf(file().save('x', { public: true, resumable: true }))).toBe(400)
      expect(await statusOf(file().makePublic())).toBe(400)
      expect(await statusOf(file().makePrivate())).toBe(400)
      expect(await statusOf(file().acl.get())).toBe(400)
      expect((await file().download())[0].toString()).toBe('bytes')
    })

    test('the bucket’s policy can make all objects public', async () => {
      expect((await fetch(publicUrl())).status).toBe(403)

      const [policy] = await fixture().bucket.iam.getPolicy()
      policy.bindings.push({ role: 'roles/storage.objectViewer', members: ['allUsers'] })
      await fixture().bucket.iam.setPolicy(policy)

      expect((await fetch(publicUrl())).status).toBe(200)
    })
  })

  test('with public access prevention nothing is made public', async () => {
    await file().makePublic()
    await fixture().bucket.setMetadata({ iamConfiguration: { publicAccessPrevention: 'enforced' } })

    expect((await fetch(publicUrl())).status).toBe(403)
    expect(await statusOf(file().makePublic())).toBe(412)
  })
})
