import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as z from 'zod'
import { createApiClient } from '../../../cli/api/api-client.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const schema = z.object({ good: z.boolean() })
const { signal } = new AbortController()

/** An API whose answers are written down beforehand; `seen` are the requests. */
async function scripted(...answers: Answer[]) {
  const seen: { method: string | undefined; authorization: string | undefined; key: unknown }[] = []
  const server = createServer((request, response) => {
    const { method, headers } = request
    seen.push({ method, authorization: headers.authorization, key: headers['idempotency-key'] })
    request.resume()
    answers.shift()?.(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const api = createApiClient({ baseUrl, isLocal: true, token: async () => 'a-token' })
  const close = async () => {
    api.close()
    await new Promise((resolve) => server.close(resolve))
  }
  return { api, seen, close, baseUrl }
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) => response.writeHead(status, headers).end(JSON.stringify(body))
}

const cut: Answer = (request) => void request.socket.destroy()

test('a lost answer is asked for again with the same key, and with another for another wish', async () => {
  const { api, seen, close } = await scripted(cut, json(202, { good: true }), json(202, { good: true }))

  await expect(api.post('/api/trainings', { name: 'Ana' }, schema, signal)).resolves.toEqual({ good: true })
  await api.post('/api/trainings', { name: 'Bo' }, schema, signal)

  const [first, second, third] = seen
  expect(first).toMatchObject({
    method: 'POST',
    authorization: 'Bearer a-token',
    key: expect.stringMatching(/^\S{36}$/),
  })
  expect(second?.key).toBe(first?.key)
  expect(third?.key).not.toBe(first?.key)
  await close()
})

test('a refusal has the api’s own code and sentence, and is not asked again', async () => {
  const error = { code: 'training.cooldown', message: 'Wait a minute.', details: { seconds: 60 } }
  const { api, seen, close } = await scripted(json(429, { error }, { 'retry-after': '60' }))

  await expect(api.post('/api/trainings', {}, schema, signal)).rejects.toMatchObject({
    code: 'training.cooldown',
    message: 'Wait a minute.',
    retryable: false,
    facts: { status: 429, reason: '{"seconds":60}' },
  })
  expect(seen).toHaveLength(1)
  await close()
})

test('details that the sentence has told already are not told twice', async () => {
  const details = [{ path: 'size_bytes', message: 'Too small.' }]
  const error = { code: 'request.invalid', message: 'The request is not right: size_bytes: Too small.', details }
  const { api, close } = await scripted(json(400, { error }))

  const refusal = await api.get('/api/trainings', schema, signal).catch((one: unknown) => one)
  expect(refusal).toMatchObject({ code: 'request.invalid', facts: { status: 400 } })
  expect(refusal).not.toHaveProperty('facts.reason')
  await close()
})

test('an answer of another shape is a failure that says so', async () => {
  const { api, close } = await scripted(json(200, { bad: 1 }))

  await expect(api.get('/api/trainings', schema, signal)).rejects.toMatchObject({ code: 'forge.bad-answer' })
  await close()
})

test.each([
  ['a page of some site', 200],
  ['a page that says that there is none', 404],
])('%s is no answer of the API: told at once, with what says where it is', async (_what, status) => {
  const page: Answer = (_request, response) => response.writeHead(status, { 'content-type': 'text/html' }).end('<html>')
  const { api, seen, close } = await scripted(page)

  await expect(api.get('/api/trainings', schema, signal)).rejects.toMatchObject({
    code: 'forge.not-the-api',
    message: expect.stringMatching(/^What answers at 127\.0\.0\.1:\d+ \(\d+\) is not the API.*--api, FORGE_API_URL/),
  })
  expect(seen).toHaveLength(1)
  await close()
})

test('an API that wants to be left alone for an hour is not waited for in silence', async () => {
  const busy: Answer = (_request, response) => response.writeHead(503, { 'retry-after': '3600' }).end('<html>')
  const { api, seen, close } = await scripted(busy)

  await expect(api.get('/api/trainings', schema, signal)).rejects.toMatchObject({
    code: 'http.status',
    retryable: true,
  })
  expect(seen).toHaveLength(1)
  await close()
})

test('Ctrl-C is heard while a token is fetched from a server that does not answer', async () => {
  const controller = new AbortController()
  const token = () => new Promise<string>(() => {})
  const api = createApiClient({ baseUrl: 'http://127.0.0.1:9', isLocal: true, token })
  const answer = api.get('/api/trainings', schema, controller.signal)
  controller.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
  api.close()
})

test('nobody there is a sentence that names the option and the way to start one', async () => {
  const { close, baseUrl } = await scripted()
  await close()
  const api = createApiClient({ baseUrl, isLocal: true, token: async () => 'a-token' })

  await expect(api.get('/api/trainings', schema, signal)).rejects.toMatchObject({
    code: 'forge.nobody-there',
    message: expect.stringMatching(/--api, FORGE_API_URL.*npm run dev/),
  })
  api.close()
})

test('what an earlier try has removed counts as removed, and what never was there does not', async () => {
  const gone = json(404, { error: { code: 'model.not-found', message: 'There is none.' } })
  const { api, seen, close } = await scripted(cut, gone, gone)

  await api.delete('/api/registry/models/a', signal)
  expect(seen.map(({ method }) => method)).toEqual(['DELETE', 'DELETE'])
  await expect(api.delete('/api/registry/models/a', signal)).rejects.toMatchObject({ code: 'model.not-found' })
  await close()
})
