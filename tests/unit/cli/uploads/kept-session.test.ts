import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keptSession } from '../../../../cli/uploads/kept-session.ts'

const session = 'https://storage.example/session?upload_id=1'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kept-session-'))
})
afterEach(() => rm(home, { recursive: true }))

test('an upload leaves nothing in the folder of forge when it is over, and what else is there stays', async () => {
  const env = { XDG_CONFIG_HOME: home }
  const kept = keptSession(env, 'https://storage.example/object?signature=1')
  expect(await readdir(home)).toEqual([])
  await kept.write(session)
  expect(await keptSession(env, 'https://storage.example/object?signature=2').read()).toBe(session)
  await kept.forget()
  expect(await readdir(home)).toEqual([])

  await mkdir(join(home, 'charaforge'))
  await writeFile(join(home, 'charaforge', 'profiles.json'), '{}')
  await kept.write(session)
  await kept.forget()
  expect(await readdir(join(home, 'charaforge'))).toEqual(['profiles.json'])
})

test('a home that cannot be written to keeps no file from being sent', async () => {
  const kept = keptSession({ HOME: '/dev/null' }, 'https://storage.example/object')
  await kept.write(session)
  expect(await kept.read()).toBeNull()
  await kept.forget()
})
