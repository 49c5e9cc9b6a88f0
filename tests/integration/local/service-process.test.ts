import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { freePort, startService } from '#local/service-process.ts'

test('a service of the local cloud ends with the process that started it, however that ended', async () => {
  const child = spawn(
    process.execPath,
    ['--import', './local/end-with-parent.ts', '-e', 'setInterval(() => {}, 1000)'],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  )
  const exited = once(child, 'exit')
  await once(child, 'spawn')

  child.disconnect()

  expect(await exited).toEqual([null, 'SIGTERM'])
})

test('a service is not taken for ready because another one answers on its port', async () => {
  const port = await freePort()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(port, resolve))

  await expect(startService({ name: 'api', port, env: {} })).rejects.toMatchObject({ code: 'EADDRINUSE', port })
  await new Promise((resolve) => other.close(resolve))
})
