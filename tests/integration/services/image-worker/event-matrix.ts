import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'
import type { StartDocuments } from '../../../support/documents.ts'
import { appBucket, characterDocument, newCase, picture, resultName } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'

/** Each kind of delivery: the right status, the right document, the provider called as often as needed and no more. */
export function eventMatrix(documents: StartDocuments): void {
  const world = useImageWorld(() => ({ documents }))

  test('one event: complete, published as PNG, nothing temporary left, each step paid once', async () => {
    const { one, resource } = await world.forge()
    expect((await world.deliver(resource, { path: '/any/path' })).status).toBe(204)
    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete', isShowcaseProcessed: true })
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
    expect(await world.temporaries()).toEqual([])
    const published = await world.publishedPicture(one)
    expect(published).toMatchObject({ status: 200, contentType: 'image/png' })
    expect(published.metadata).toMatchObject({ contentType: 'image/png', cacheControl: 'public, max-age=31536000' })
    expect(await sharp(published.bytes).metadata()).toMatchObject({
      format: 'png',
      width: 128,
      height: 128,
      hasAlpha: true,
    })
  })

  test('a duplicate: acknowledged, and nothing is done again', async () => {
    const { one, resource } = await world.forge()
    expect((await world.deliver(resource)).status).toBe(204)
    const first = await world.readCharacter(one)
    expect((await world.deliver(resource)).status).toBe(204)
    expect((await world.readCharacter(one)).updated).toEqual(first.updated)
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
  })

  test('20 concurrent duplicates: one works, the others are never acknowledged before it is done', async () => {
    const { one, resource } = await world.forge()
    world.clipdrop.inject({ fault: { kind: 'delay', ms: 400 }, times: 1, endpoint: 'remove-background' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { status } = await world.deliver(resource)
        const { visuals } = await world.readCharacter(one)
        return { status, shown: visuals.showcaseProcessingStatus }
      }),
    )
    expect(answers.filter(({ status }) => status === 204).every(({ shown }) => shown === 'complete')).toBe(true)
    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(0)
    expect(answers.every(({ status }) => status === 204 || status === 503)).toBe(true)
    await world.deliverUntilAcknowledged(resource)
    expect(await world.statusOf(one)).toBe('complete')
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
    world.clipdrop.assertAllFired()
  })

  test('an older generation after a newer one: acknowledged, and the newer result stays', async () => {
    const { one, resource: older } = await world.forge()
    const { resource: newer } = await world.uploadRaw(one.uploadName, await picture(200))
    expect((await world.deliver(newer)).status).toBe(204)
    const { visuals } = await world.readCharacter(one)
    expect((await world.deliver(older)).status).toBe(204)
    expect((await world.readCharacter(one)).visuals).toEqual(visuals)
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
  })

  test('an older generation whose bytes are gone, delivered first: acknowledged without a failure', async () => {
    const { one, resource: older } = await world.forge()
    const { resource: newer } = await world.uploadRaw(one.uploadName, await picture(200))
    expect((await world.deliver(older)).status).toBe(204)
    expect(await world.statusOf(one)).not.toBe('failed')
    expect((await world.deliver(newer)).status).toBe(204)
    expect(await world.statusOf(one)).toBe('complete')
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
  })

  test('an event before its document: asked for again, nothing paid; done when the document is there', async () => {
    const one = newCase()
    const { resource, url } = await world.uploadRaw(one.uploadName, await picture())
    expect((await world.deliver(resource)).status).toBe(503)
    expect(world.charged()).toEqual({ background: 0, upscale: 0 })
    expect((await world.readCharacter(one)).exists).toBe(false)
    await world.createCharacter(one, url)
    expect((await world.deliver(resource)).status).toBe(204)
    expect(await world.statusOf(one)).toBe('complete')
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
  })

  test('our own outputs and other prefixes: acknowledged, no job', async () => {
    const { one } = await world.forge()
    for (const name of [
      resultName(one),
      `generations/${one.userId}/a.png`,
      `raw-uploads/${one.userId}/too-short.png`,
      `raw-uploads/${one.userId}/${one.characterId}/deep/er.png`,
      'raw-uploads//x/y.png',
    ]) {
      const { resource } = await world.uploadRaw(name, await picture())
      expect((await world.deliver(resource)).status).toBe(204)
    }
    expect(await world.jobsOf(one)).toEqual([])
    expect(world.charged()).toEqual({ background: 0, upscale: 0 })
  })

  test('a Pub/Sub envelope: understood', async () => {
    const { one, resource } = await world.forge()
    const body = JSON.stringify({
      message: {
        attributes: {
          'ce-id': '1',
          'ce-specversion': '1.0',
          'ce-source': `//storage.googleapis.com/projects/_/buckets/${appBucket}`,
          'ce-type': 'google.cloud.storage.object.v1.finalized',
          'ce-subject': `objects/${one.uploadName}`,
          'ce-datacontenttype': 'application/json',
        },
        data: Buffer.from(JSON.stringify(resource)).toString('base64'),
        messageId: '1',
        publishTime: new Date().toISOString(),
      },
      subscription: 'projects/p/subscriptions/s',
    })
    const answer = await fetch(world.worker.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(answer.status).toBe(204)
    expect(await world.statusOf(one)).toBe('complete')
  })

  test('structured mode: understood', async () => {
    const { one, resource } = await world.forge()
    const body = JSON.stringify({
      specversion: '1.0',
      id: '2',
      type: 'google.cloud.storage.object.v1.finalized',
      source: `//storage.googleapis.com/projects/_/buckets/${appBucket}`,
      subject: `objects/${one.uploadName}`,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data: resource,
    })
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
    expect((await fetch(world.worker.url, { method: 'POST', headers, body })).status).toBe(204)
    expect(await world.statusOf(one)).toBe('complete')
  })

  test('malformed JSON, missing fields, no CloudEvent at all: 400 with a code, never 2xx', async () => {
    const { one, resource } = await world.forge()
    const { generation: _generation, ...withoutGeneration } = resource
    const { name: _name, ...withoutName } = resource
    const answers = [
      await world.deliver(resource, { body: '{"bucket": "app-buck' }),
      await world.deliver(resource, { body: '' }),
      await world.deliver(resource, { body: '[]' }),
      await world.deliver(withoutGeneration, { headers: { 'ce-bucket': appBucket } }),
      await world.deliver(withoutName),
      await fetch(world.worker.url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({
        error: { code: expect.stringMatching(/^event\./), message: expect.any(String) },
      })
    }
    expect(await world.jobsOf(one)).toEqual([])
  })

  test('another bucket and another event type: acknowledged, no job', async () => {
    const { one, resource } = await world.forge()
    expect((await world.deliver({ ...resource, bucket: 'somebody-elses' })).status).toBe(204)
    const headers = { 'ce-type': 'google.cloud.storage.object.v1.deleted' }
    expect((await world.deliver(resource, { headers })).status).toBe(204)
    expect(await world.jobsOf(one)).toEqual([])
  })

  test('a 5 MB body: refused with 413, and the worker goes on', async () => {
    const { one, resource } = await world.forge()
    const answer = await world.deliver({ ...resource, metadata: { padding: 'x'.repeat(5 * 1024 * 1024) } })
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ error: { code: 'request.too-large' } })
    expect((await world.deliver(resource)).status).toBe(204)
    expect(await world.statusOf(one)).toBe('complete')
  })

  test('an upload into another user’s character: a recorded failure, the character untouched, nothing paid', async () => {
    const { one } = await world.forge()
    const before = await world.readCharacter(one)
    const intruder = { ...newCase(), characterId: one.characterId }
    const name = `raw-uploads/${intruder.userId}/${one.characterId}/x.png`
    const { resource } = await world.uploadRaw(name, await picture())
    expect((await world.deliver(resource)).status).toBe(204)
    expect((await world.readCharacter(one)).updated).toEqual(before.updated)
    expect(await world.jobsOf(one)).toMatchObject([{ state: 'failed', failure: { code: 'image.owner-mismatch' } }])
    expect(world.charged()).toEqual({ background: 0, upscale: 0 })
  })

  test('a gallery picture that is not the main image: acknowledged, nothing paid', async () => {
    const { one, url } = await world.forge()
    const name = one.uploadName.replace('.png', '-2.png')
    const { resource, url: second } = await world.uploadRaw(name, await picture())
    await world.db.doc(`characters/${one.characterId}`).update({ 'visuals.gallery': [url, second] })
    expect((await world.deliver(resource)).status).toBe(204)
    expect(await world.jobsOf(one)).toMatchObject([{ state: 'canceled', failure: { code: 'image.gallery-only' } }])
    expect(world.charged()).toEqual({ background: 0, upscale: 0 })
  })

  test('a status that the app’s late create overwrites with idle: still ends complete', async () => {
    const { one, resource, url } = await world.forge()
    world.clipdrop.inject({ fault: { kind: 'delay', ms: 300 }, times: 1, endpoint: 'remove-background' })
    const answer = world.deliver(resource)
    await world.untilStatus(one, 'removing-background')
    await world.db.doc(`characters/${one.characterId}`).set(characterDocument(one, url))
    expect((await answer).status).toBe(204)
    expect((await world.readCharacter(one)).visuals).toMatchObject({
      showcaseProcessingStatus: 'complete',
      isShowcaseProcessed: true,
    })
    world.clipdrop.assertAllFired()
  })

  test('the main image changed in mid-run: nothing published, the app’s reset stays', async () => {
    const { one, resource } = await world.forge()
    world.clipdrop.inject({ fault: { kind: 'delay', ms: 400 }, times: 1, endpoint: 'remove-background' })
    const answer = world.deliver(resource)
    const document = world.db.doc(`characters/${one.characterId}`)
    await world.untilStatus(one, 'removing-background')
    await document.update({ 'visuals.imageUrl': 'https://example.com/other.png' })
    await document.update({
      'visuals.isShowcaseProcessed': false,
      'visuals.showcaseImageUrl': null,
      'visuals.showcaseProcessingStatus': 'idle',
    })
    expect((await answer).status).toBe(204)
    expect((await world.readCharacter(one)).visuals).toMatchObject({
      showcaseProcessingStatus: 'idle',
      isShowcaseProcessed: false,
      showcaseImageUrl: null,
    })
    const [exists] = await world.storage.bucket(appBucket).file(resultName(one)).exists()
    expect(exists).toBe(false)
    expect(await world.temporaries()).toEqual([])
    world.clipdrop.assertAllFired()
  })

  test('the character deleted in mid-run: no document comes back, no output stays', async () => {
    const { one, resource } = await world.forge()
    world.clipdrop.inject({ fault: { kind: 'delay', ms: 300 }, times: 1, endpoint: 'upscale' })
    const answer = world.deliver(resource)
    await world.untilStatus(one, 'upscaling')
    await world.db.doc(`characters/${one.characterId}`).delete()
    expect((await answer).status).toBe(204)
    expect((await world.readCharacter(one)).exists).toBe(false)
    const [files] = await world.storage.bucket(appBucket).getFiles({ prefix: `showcase-images/${one.userId}/` })
    expect(files).toEqual([])
    world.clipdrop.assertAllFired()
  })

  test('two uploads at once: the newer is the one shown, whichever finishes last', async () => {
    const { one, resource: first } = await world.forge()
    world.clipdrop.inject({ fault: { kind: 'delay', ms: 600 }, times: 1, endpoint: 'remove-background' })
    const slow = world.deliver(first)
    await world.untilStatus(one, 'removing-background')
    await delay(5) // The next upload's creation time is later by at least a millisecond.
    const { resource: second } = await world.uploadRaw(one.uploadName.replace('.png', '-b.png'), await picture(120))
    expect((await world.deliver(second)).status).toBe(204)
    expect((await slow).status).toBe(204)
    const jobs = await world.jobsOf(one)
    expect(
      jobs.map((job) => [job.input, job.state]).sort((a, b) => String(a[1]).localeCompare(String(b[1]))),
    ).toMatchObject([
      [{ name: first.name }, 'canceled'],
      [{ name: second.name }, 'done'],
    ])
    const published = await world.publishedPicture(one)
    expect(published.status).toBe(200)
    expect(published.metadata.metadata?.forgeSource).toContain(String(second.name))
    world.clipdrop.assertAllFired()
  })
}
