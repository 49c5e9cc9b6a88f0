import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { runProcess } from '../support/processes.ts'

test('the demo sends a picture through and says last where the result lies', async () => {
  const { code, stdout, stderr } = await runProcess(['local/main.ts', 'demo'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/removing-background[\s\S]*upscaling[\s\S]*complete/)
  expect(stdout).toMatch(/remove-background +local +\d+ × \d+ +\d+/)
  const path = stdout.trim().split('\n').at(-1) ?? ''
  expect(await sharp(path).metadata()).toMatchObject({ format: 'png', hasAlpha: true })
  await rm(path)
})

test('a demo that fails exits with 1 and the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-'))
  const path = join(folder, 'page.png')
  await writeFile(path, '<html>')
  const { code, stderr } = await runProcess(['local/main.ts', 'demo', path])
  await rm(folder, { recursive: true })
  expect(code).toBe(1)
  expect(stderr).toMatch(/image\.not-a-picture/)
  expect(await runProcess(['local/main.ts', 'demo', '/does/not/exist.png'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no file /does/not/exist.png.'),
  })
})

test.each([
  [['nonsense'], 'There is no command "nonsense".'],
  [['bucket', '--size', '3'], '"bucket" has no --size.'],
  [['demo-sync', '200MiB'], '"demo-sync" does nothing with "200MiB".'],
  [['dev', '--port-offset', '60000'], '--port-offset takes a number from'],
])('what a command does nothing with exits with 2, the reason and the usage: %j', async (args, reason) => {
  const { code, stderr } = await runProcess(['local/main.ts', ...args])
  expect(code).toBe(2)
  expect(stderr).toMatch(reason)
  expect(stderr).toMatch(/npm run dev/)
})

test('a picture for a local cloud that does not run is refused with what to start', async () => {
  const nobody = { FIRESTORE_EMULATOR_HOST: '127.0.0.1:1', STORAGE_EMULATOR_HOST: 'http://127.0.0.1:1' }
  expect(await runProcess(['local/main.ts', 'upload', 'docs/images/demo.jpg'], nobody)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Nothing answers at 127\.0\.0\.1:1: start the local cloud with `npm run dev`/),
  })
})
