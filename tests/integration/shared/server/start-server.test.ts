import { EventEmitter, once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { type RunningServer, type ServerOptions, startServer } from '#shared/server/start-server.ts'
import { captureLog } from '../../../support/captured-log.ts'

/** A process whose signals the test sends and whose exit it sees. */
class TestProcess extends EventEmitter {
  readonly exited = Promise.withResolvers<number>()
  readonly codes: number[] = []
  exit(code: number): void {
    this.codes.push(code)
    this.exited.resolve(code)
  }
}

const running: RunningServer[] = []

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
})

async function start(load: ServerOptions['load'], options: Partial<ServerOptions> = {}) {
  const log = captureLog()
  const process = new TestProcess()
  const server = await startServer({
    port: 0,
    host: '127.0.0.1',
    logger: log.logger,
    shutdownMs: 5000,
    load,
    process,
    ...options,
  })
  running.push(server)
  return { server, process, log }
}

const hello: RequestListener = (_request, response) => response.end('hello')

test('answers /health before the app is loaded, and lets other requests wait for it', async () => {
  const loading = Promise.withResolvers<RequestListener>()
  const { server } = await start(() => loading.promise)
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  const notReady = await fetch(`${server.url}/health/ready`)
  expect(notReady.status).toBe(503)
  expect(await notReady.json()).toEqual({ status: 'starting' })

  const early = fetch(`${server.url}/events`, { method: 'POST', body: 'x' })
  loading.resolve(hello)
  expect(await (await early).text()).toBe('hello')
  expect((await fetch(`${server.url}/health/ready?from=probe`)).status).toBe(200)
})

test('tells a request to come again when the app is not loaded in time', async () => {
  const loading = Promise.withResolvers<RequestListener>()
  const { server } = await start(() => loading.promise, { readyTimeoutMs: 20 })
  const response = await fetch(`${server.url}/events`, { method: 'POST', body: 'x' })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await response.json()).toMatchObject({ error: { code: 'server.starting' } })
  loading.resolve(hello)
  await server.ready
  expect((await fetch(`${server.url}/events`)).status).toBe(200)
})

test('exits with 1 and the reason when the app cannot be loaded', async () => {
  const { server, process, log } = await start(async () => {
    throw new Error('no such module')
  })
  await expect(server.ready).rejects.toThrow('no such module')
  expect(await process.exited.promise).toBe(1)
  expect(log.entries).toContainEqual(
    expect.objectContaining({ severity: 'ERROR', message: 'The service could not be loaded.' }),
  )
})

test('cuts a body that does not come to its end, and no request that has come and is worked on', async () => {
  const hasCome = Promise.withResolvers<void>()
  const cut = Promise.withResolvers<void>()
  const { server } = await start(
    async () => (request, response) => {
      request.on('error', () => response.end())
      request.resume().on('end', () => {
        hasCome.resolve()
        void cut.promise.then(() => response.end('done'))
      })
    },
    { receiveTimeoutMs: 400 },
  )
  await server.ready
  const worked = fetch(server.url, { method: 'POST', body: 'whole' })
  await hasCome.promise
  const socket = connect(server.port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  cut.resolve()
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(await (await worked).text()).toBe('done')
})

test('rejects when the port is taken', async () => {
  const { server } = await start(async () => hello)
  await expect(start(async () => hello, { port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  'on %s lets running work checkpoint and answer, refuses new work, runs the hooks, exits 0',
  async (name) => {
    const order: string[] = []
    const entered = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const { server, process } = await start(async ({ shutdown, onShutdown }) => {
      onShutdown('first registered', () => void order.push('first hook'))
      onShutdown('broken', () => {
        throw new Error('broken hook')
      })
      onShutdown('last registered', async () => void order.push('last hook'))
      return async (_request, response) => {
        entered.resolve()
        await once(shutdown, 'abort')
        await goOn.promise
        order.push('checkpoint')
        response.writeHead(503).end()
      }
    })
    const answer = fetch(`${server.url}/work`, { method: 'POST' })
    await entered.promise
    const keptAlive = connect(server.port, '127.0.0.1')
    await once(keptAlive, 'connect')
    keptAlive.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(keptAlive, 'data')
    // A request that began before the signal and ends after it: its connection is not idle, so it outlives the listener.
    keptAlive.write('POST /more HTTP/1.1\r\nHost: x\r\n')
    await fetch(`${server.url}/health`) // The server has read that half request by now.

    process.emit(name)
    keptAlive.write('Content-Length: 0\r\n\r\n')
    const [refusal] = await once(keptAlive, 'data')
    expect(String(refusal)).toMatch(/^HTTP\/1\.1 503 [\s\S]*server\.stopping/)
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
    expect(process.codes).toEqual([])

    goOn.resolve()
    expect((await answer).status).toBe(503)
    expect(await process.exited.promise).toBe(0)
    expect(order).toEqual(['checkpoint', 'last hook', 'first hook'])
    keptAlive.destroy()
  },
)

test('waits for a handler whose caller has hung up', async () => {
  const entered = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  const order: string[] = []
  const { server, process } = await start(async ({ onShutdown }) => {
    onShutdown('close', () => void order.push('hook'))
    return async (_request, response) => {
      response.once('close', left.resolve)
      entered.resolve()
      await goOn.promise
      order.push('checkpoint')
      response.end()
    }
  })
  const caller = new AbortController()
  const call = fetch(`${server.url}/work`, { method: 'POST', signal: caller.signal })
  await entered.promise
  caller.abort()
  await expect(call).rejects.toThrow()
  await left.promise
  process.emit('SIGTERM')
  await new Promise((resolve) => setImmediate(resolve))
  expect(order).toEqual([])
  goOn.resolve()
  expect(await process.exited.promise).toBe(0)
  expect(order).toEqual(['checkpoint', 'hook'])
})

test('exits with 1 when work does not end in time, after the hooks', async () => {
  const entered = Promise.withResolvers<void>()
  const hooks: string[] = []
  const load: ServerOptions['load'] = async ({ onShutdown }) => {
    onShutdown('flush', () => void hooks.push('flush'))
    return () => entered.resolve()
  }
  const { server, process, log } = await start(load, { shutdownMs: 50 })
  const call = fetch(`${server.url}/work`).catch(() => 'cut')
  await entered.promise
  process.emit('SIGTERM')
  expect(await process.exited.promise).toBe(1)
  expect(hooks).toEqual(['flush'])
  expect(log.messages()).toContainEqual(expect.stringContaining('still running'))
  await server.stop()
  running.length = 0
  expect(await call).toBe('cut')
})

test('exits at once on a second signal', async () => {
  const entered = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const { server, process } = await start(async () => async (_request, response) => {
    entered.resolve()
    await finish.promise
    response.end()
  })
  const call = fetch(`${server.url}/work`)
  await entered.promise
  process.emit('SIGTERM')
  expect(process.codes).toEqual([])
  process.emit('SIGTERM')
  expect(process.codes).toEqual([1])
  finish.resolve()
  expect((await call).status).toBe(200)
})

test('loads the rest once the first answer has been sent', async () => {
  const order: string[] = []
  const loaded = Promise.withResolvers<void>()
  const { server } = await start(async ({ afterFirstAnswer }) => {
    afterFirstAnswer(async () => {
      order.push('loaded the rest')
      loaded.resolve()
    })
    return (_request, response) => {
      order.push('answered')
      response.end('hello')
    }
  })
  expect(await (await fetch(`${server.url}/events`)).text()).toBe('hello')
  await loaded.promise
  expect(order).toEqual(['answered', 'loaded the rest'])
})

test('loads the rest without being asked', async () => {
  const loaded = Promise.withResolvers<void>()
  await start(async ({ afterFirstAnswer }) => {
    afterFirstAnswer(async () => loaded.resolve())
    return hello
  })
  await loaded.promise
})

test('exits with 1 and the reason when the rest cannot be loaded', async () => {
  const { server, process, log } = await start(async ({ afterFirstAnswer }) => {
    afterFirstAnswer(async () => {
      throw new Error('no such key')
    })
    return hello
  })
  await fetch(`${server.url}/events`)
  expect(await process.exited.promise).toBe(1)
  expect(log.entries).toContainEqual(
    expect.objectContaining({ severity: 'ERROR', message: 'The service could not be loaded.' }),
  )
})
