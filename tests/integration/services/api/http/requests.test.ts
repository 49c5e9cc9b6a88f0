import { connect } from 'node:net'
import { type ApiInstance, type ApiWorld, internalToken, startApiWorld } from '../../../../support/api-world.ts'
import { hostileNames, hostileUrls } from '../../../../support/hostile-urls.ts'

let world: ApiWorld
let api: ApiInstance
let token: string
let clockMs = Date.now()

const lookedUp: string[] = []
const lookups = new Map(hostileNames.map(([, url, answers]) => [new URL(url).hostname, answers[0] ?? []]))

beforeAll(async () => {
  world = await startApiWorld()
  api = await world.start(
    { TRAININGS_PER_DAY: '0', CORS_ORIGINS: 'https://app.example.com,http://localhost:3000' },
    {
      resolveHost: async (host) => {
        lookedUp.push(host)
        if (host === 'nowhere.example.com') throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
        return (lookups.get(host) ?? ['93.184.215.14']).map((address) => ({ address, family: 4 }))
      },
    },
  )
  token = (await world.signIn()).token
})
afterAll(() => world.close())

const zipUrl = 'https://files.example.com/photos.zip'
const training = { name: 'Ana', type: 'woman', zipUrl }
const images = ['a', 'b', 'c', 'd']

describe('what a request says', () => {
  test.each<[path: string, body: unknown, problem: string]>([
    ['/api/trainings', [], ''],
    ['/api/trainings', 'null', ''],
    ['/api/trainings', { ...training, name: '' }, 'name'],
    ['/api/trainings', { ...training, name: '   ' }, 'name'],
    ['/api/trainings', { ...training, name: 'x'.repeat(101) }, 'name'],
    ['/api/trainings', { ...training, name: 'a\r\nBcc: b' }, 'name'],
    ['/api/trainings', { ...training, name: 7 }, 'name'],
    ['/api/trainings', { ...training, name: '\ud800' }, 'name'],
    ['/api/trainings', { ...training, type: 'unisex' }, 'type'],
    ['/api/trainings', { ...training, type: undefined }, 'type'],
    ['/api/trainings', { ...training, userId: 'other' }, 'userId'],
    [
      '/api/trainings',
      '{"name":"Ana","type":"woman","zipUrl":"https://a.example.com/z","__proto__":{"x":1}}',
      '__proto__',
    ],
    ['/api/trainings', { ...training, images }, 'images'],
    ['/api/trainings', { name: 'Ana', type: 'woman' }, 'images'],
    [
      '/api/trainings',
      { name: 'Ana', type: 'woman', images: Array.from({ length: 101 }, (_, n) => `p${n}`) },
      'images',
    ],
    ['/api/trainings', { name: 'Ana', type: 'woman', images: ['a', 'b', 'c', 4] }, 'images.3'],
    ['/api/trainings', { ...training, force: 'yes' }, 'force'],
    ['/api/trainings', { ...training, options: { steps: 6001 } }, 'options.steps'],
    ['/api/trainings', { ...training, options: { steps: 2 } }, 'options.steps'],
    ['/api/trainings', { ...training, options: { steps: 10.5 } }, 'options.steps'],
    ['/api/trainings', { ...training, options: { loraRank: 129 } }, 'options.loraRank'],
    ['/api/trainings', { ...training, options: { resolution: '4096' } }, 'options.resolution'],
    ['/api/trainings', { ...training, options: { resolution: '512,512' } }, 'options.resolution'],
    ['/api/trainings', { ...training, options: { resolution: 512 } }, 'options.resolution'],
    ['/api/trainings', { ...training, options: { triggerWord: 'two words' } }, 'options.triggerWord'],
    ['/api/trainings', { ...training, options: { captionDropoutRate: 1.1 } }, 'options.captionDropoutRate'],
    ['/api/trainings', { ...training, options: { optimizer: 'sgd' } }, 'options.optimizer'],
    ['/api/trainings', { ...training, options: { hf_token: 'hf_x' } }, 'options.hf_token'],
    ['/api/trainings', { ...training, options: { wandb_api_key: 'x' } }, 'options.wandb_api_key'],
    ['/api/replicate/train-model', { ...training, type: 'unisex' }, 'type'],
    ['/api/replicate/train-model', { ...training, options: {} }, 'options'],
    ['/api/replicate/train-model', { name: 'Ana', type: 'man' }, 'zipUrl'],
    ['/api/uploads', { files: [] }, 'files'],
    ['/api/uploads', { files: Array(101).fill({ contentType: 'image/png', sizeBytes: 1 }) }, 'files'],
    ['/api/uploads', { files: [{ contentType: 'image/gif', sizeBytes: 1 }] }, 'files.0.contentType'],
    ['/api/uploads', { files: [{ contentType: 'image/heic', sizeBytes: 1 }] }, 'files.0.contentType'],
    ['/api/uploads', { files: [{ contentType: 'image/png', sizeBytes: 0 }] }, 'files.0.sizeBytes'],
    ['/api/uploads', { files: [{ contentType: 'image/png', sizeBytes: 30_000_001 }] }, 'files.0.sizeBytes'],
    ['/api/uploads', { files: [{ contentType: 'image/png', sizeBytes: 1, objectName: 'x' }] }, 'files.0.objectName'],
    ['/api/generations', { modelId: 'm', prompt: 'p', template: 't' }, 'prompt'],
    ['/api/generations', { modelId: 'm' }, 'prompt'],
    ['/api/generations', { modelId: 'a/b', prompt: 'p' }, 'modelId'],
    ['/api/generations', { modelId: 'm', prompt: 'x'.repeat(2001) }, 'prompt'],
    ['/api/generations', { modelId: 'm', prompt: 'p', count: 9 }, 'count'],
    ['/api/generations', { modelId: 'm', prompt: 'p', count: 0 }, 'count'],
  ])('%s refuses %j', async (path, body, problem) => {
    const answer = await api.call({ token, path, body })
    expect([answer.status, answer.body.error.code]).toEqual([422, 'request.invalid'])
    expect(answer.body.error.details.map((one: { path: string }) => one.path)).toContain(problem)
  })

  test('a HEIC photo is told what to do', async () => {
    const files = [{ contentType: 'image/heic', sizeBytes: 1 }]
    const { body } = await api.call({ token, path: '/api/uploads', body: { files } })
    expect(body.error.details[0]?.message).toContain('send them as JPEG')
  })

  test.each([
    ['/api/trainings?limit=0', 'query.limit'],
    ['/api/trainings?limit=101', 'query.limit'],
    ['/api/trainings?limit=x', 'query.limit'],
    ['/api/trainings?limit=1&limit=2', 'query.limit'],
    ['/api/trainings?userId=other', 'query.userId'],
    ['/api/trainings/__x__', 'params.id'],
    ['/api/trainings/..%2Fmodels', 'params.id'],
    [`/api/generations/${'a'.repeat(65)}`, 'params.id'],
  ])('GET %s is refused for %s', async (path, problem) => {
    const { status, body } = await api.call({ token, path })
    expect(status).toBe(422)
    expect(body.error.details.map((one: { path: string }) => one.path)).toEqual([problem])
  })

  test('a key that is no header text is refused', async () => {
    const headers = { 'idempotency-key': 'k'.repeat(256) }
    const { status, body } = await api.call({ token, path: '/api/trainings', body: training, headers })
    expect([status, body.error.details[0]?.path]).toEqual([422, 'headers.idempotency-key'])
  })

  test('a hundred mistakes are answered by twenty', async () => {
    const files = Array(100).fill({ contentType: 'image/gif', sizeBytes: 0 })
    const { body } = await api.call({ token, path: '/api/uploads', body: { files } })
    expect(body.error.details).toHaveLength(20)
  })

  test.each<[string, string | Buffer, number, string]>([
    ['half of a JSON', '{"name":', 400, 'request.unreadable'],
    ['nothing', '', 400, 'request.unreadable'],
    ['other bytes than UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'request.unreadable'],
    ['more than 256 KiB', JSON.stringify({ name: 'x'.repeat(256 * 1024) }), 413, 'request.too-large'],
  ])('%s is refused', async (_title, body, status, code) => {
    const answer = await fetch(`${api.url}/api/trainings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    })
    const { error } = (await answer.json()) as { error: { code: string } }
    expect([answer.status, error.code]).toEqual([status, code])
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'a body of type %s is refused: a page could send it without being asked',
    async (type) => {
      const answer = await api.call({
        token,
        path: '/api/trainings',
        body: training,
        headers: { 'content-type': type },
      })
      expect([answer.status, answer.body.error.code]).toEqual([415, 'request.not-json'])
    },
  )

  test('JSON with a charset is JSON', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    expect((await api.call({ token, path: '/api/trainings', body: training, headers })).status).toBe(202)
  })
})

describe('the URL of a ZIP', () => {
  test.each(hostileUrls.map(([, url]) => url))('%j is refused before anybody looks it up', async (url) => {
    const before = lookedUp.length
    const answer = await api.call({ token, path: '/api/trainings', body: { ...training, zipUrl: url } })
    expect(answer.status).toBe(422)
    expect(answer.body.error.details[0]?.path).toBe('zipUrl')
    expect(lookedUp.length).toBe(before)
  })

  test.each(hostileNames.filter(([, , answers]) => !answers[0]?.every((address) => address === '93.184.215.14')))(
    '%s is refused',
    async (_title, url) => {
      const answer = await api.call({ token, path: '/api/replicate/train-model', body: { ...training, zipUrl: url } })
      expect([answer.status, answer.body.error.code]).toEqual([422, 'training.bad-zip-url'])
    },
  )

  test('a host that is not there is refused, and so is one whose name server is silent', async () => {
    const answer = await api.call({
      token,
      path: '/api/trainings',
      body: { ...training, zipUrl: 'https://nowhere.example.com/x?sig=secret' },
    })
    expect(answer.body.error).toMatchObject({
      code: 'training.bad-zip-url',
      message: 'The host nowhere.example.com could not be found; check the address.',
    })
    expect(JSON.stringify(api.log.entries)).not.toContain('sig=secret')
  })

  test('half a character in it is refused, which Firestore would not take', async () => {
    const zipUrl = 'https://files.example.com/\ud83d.zip'
    const answer = await api.call({ token, path: '/api/trainings', body: { ...training, zipUrl } })
    expect([answer.status, answer.body.error.code]).toEqual([422, 'request.invalid'])
    expect(answer.body.error.details[0]?.path).toBe('zipUrl')
  })

  test('a host that the local cloud allows is taken, though it is private', async () => {
    const local = `${world.bucket.url}/charaforge-local/photos.zip`
    expect((await api.call({ token, path: '/api/trainings', body: { ...training, zipUrl: local } })).status).toBe(202)
  })
})

describe('how much and from where', () => {
  test('a user has as many requests as a minute allows, and learns when there is room', async () => {
    const limited = await world.start({ REQUESTS_PER_MINUTE: '3' }, { now: () => new Date(clockMs) })
    const first = await world.signIn()
    const second = await world.signIn()
    const ask = async (who: { token: string }) => await limited.call({ token: who.token, path: '/api/templates' })
    for (let count = 0; count < 3; count++) expect((await ask(first)).status).toBe(200)
    clockMs += 10_000
    const refused = await ask(first)
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate.limited'])
    expect(refused.headers.get('retry-after')).toBe('50')
    expect((await ask(second)).status).toBe(200)
    clockMs += 50_000
    expect((await ask(first)).status).toBe(200)
  })

  test('a page of an allowed origin may ask, after asking whether it may', async () => {
    const origin = 'https://app.example.com'
    const preflight = await fetch(`${api.url}/api/trainings`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      vary: 'Origin',
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
      'access-control-allow-headers': 'authorization, content-type, idempotency-key',
    })
    for (const call of [{ token }, { token: null }]) {
      const { headers } = await api.call({ ...call, path: '/api/templates', headers: { origin } })
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-expose-headers')).toContain('retry-after')
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
    const tooLarge = await fetch(`${api.url}/api/trainings`, {
      method: 'POST',
      headers: { origin },
      body: 'x'.repeat(300_000),
    })
    expect([tooLarge.status, tooLarge.headers.get('access-control-allow-origin')]).toEqual([413, origin])
  })

  test.each(['https://evil.example.com', 'https://app.example.com.evil.com', 'http://app.example.com', 'null'])(
    'a page of %s may not',
    async (origin) => {
      const preflight = await fetch(`${api.url}/api/trainings`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
      const answer = await api.call({ token, path: '/api/templates', headers: { origin } })
      for (const { headers } of [preflight, answer]) {
        expect(headers.get('access-control-allow-origin')).toBeNull()
        expect(headers.get('vary')).toBe('Origin')
      }
    },
  )

  test('every answer carries the headers that keep it where it belongs', async () => {
    for (const path of ['/api/templates', '/api/nothing', '/internal/nothing']) {
      const { headers } = await api.call({ token, path })
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      expect(headers.get('x-powered-by')).toBeNull()
    }
  })

  test('the document and the page are for anybody, and the page runs nothing', async () => {
    const document = await api.call({ token: null, path: '/openapi.json' })
    expect([document.status, document.body.openapi]).toEqual([200, '3.1.0'])
    const page = await api.call({ token: null, path: '/docs' })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(page.body).toContain('<!doctype html>')
  })

  test('what is not there is 404, and a known path with another method says which it takes', async () => {
    expect((await api.call({ token, path: '/api/characters' })).status).toBe(404)
    const answer = await api.call({ token, method: 'DELETE', path: '/api/trainings' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD'])
  })

  test('a request line that is no URL ends nothing', async () => {
    const status = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => {
        socket.write('GET /api/%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      })
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''))
    })
    expect(status).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect((await api.call({ token, path: '/api/templates' })).status).toBe(200)
  })

  test('internal paths are for tasks and the scheduler, not for users', async () => {
    const path = '/internal/reconcile'
    expect((await api.call({ token, method: 'POST', path })).status).toBe(401)
    expect((await api.call({ token: null, method: 'POST', path })).status).toBe(401)
    const caller = await internalToken(world.identity)
    expect((await api.call({ token: caller, method: 'POST', path: '/internal/jobs/none' })).status).toBe(204)
    expect((await api.call({ token: caller, method: 'POST', path })).status).toBe(200)
    expect((await api.call({ token: caller, path: '/api/usage' })).status).toBe(401)
  })
})
