import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { runProcess } from '../support/processes.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-train-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('the training demo makes a model and pictures of photos, tells of one mail, and leaves nothing behind', async () => {
  const { code, stdout, stderr } = await runProcess(['local/main.ts', 'demo-train'], { TMPDIR: folder })

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^trained$/m)
  const [, id = ''] = /^ {2}model +models\/(\S+)$/m.exec(stdout) ?? []
  expect(stdout).toMatch(/^ {2}at Replicate +charaforge-local\/\S+:[0-9a-f]{12}…$/m)
  expect(stdout).toMatch(new RegExp(`^  weights +gs://\\S+/trained/local-user/${id}/lora.safetensors$`, 'm'))
  expect(stdout).toMatch(/^ {2}SHA-256 +[0-9a-f]{64}$/m)
  expect(stdout).toMatch(new RegExp(`^  mail +mail/training-${id} to local-user@example\\.com: .+$`, 'm'))
  expect(stdout).toMatch(/^ {2}temporaries +none left$/m)
  const samples = [...stdout.matchAll(/^ {2}sample \d +(\S+)$/gm)].map(([, path = '']) => path)
  expect(samples).toHaveLength(2)
  for (const path of samples) {
    expect((await sharp(readFileSync(path)).metadata()).width).toBeGreaterThan(0)
    await rm(path)
  }
  expect(await readdir(folder)).toEqual([])
})

test('a folder without enough photos exits with 1 and says how many it has', async () => {
  expect(await runProcess(['local/main.ts', 'demo-train', folder], { TMPDIR: folder })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/has 0 pictures .*; a training takes 4 to 100\./),
  })
})
