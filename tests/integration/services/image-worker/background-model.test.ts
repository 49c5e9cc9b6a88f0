import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { startDocuments } from '../../../support/documents.ts'
import { appBucket } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'
import { tinyMaskModel } from '../../../support/onnx-model.ts'

const modelName = 'models/background/tiny.onnx'

let tempFolder: string
beforeAll(async () => {
  tempFolder = await mkdtemp(join(tmpdir(), 'background-model-test-'))
})
const world = useImageWorld(() => ({
  documents: startDocuments,
  env: {
    // The worker ends by SIGKILL, and leaves there what it fetched.
    TMPDIR: tempFolder,
    BACKGROUND_PROVIDERS: 'onnx,local',
    UPSCALE_PROVIDERS: 'local',
    BACKGROUND_MODEL: `gs://${appBucket}/${modelName}`,
    BACKGROUND_MODEL_MEAN: '0.5,0.5,0.5',
    BACKGROUND_MODEL_STD: '0.05, 0.05, 0.05',
  },
}))
afterAll(() => rm(tempFolder, { recursive: true, force: true }))

async function processed() {
  const { one, resource } = await world.forge()
  expect((await world.deliver(resource)).status).toBe(204)
  const [job] = await world.jobsOf(one)
  expect(job).toMatchObject({ state: 'done' })
  return { one, background: (job!.result as { background: string }).background }
}

test('while the model is missing the next provider does the work; once it is there, its mask is what is published', async () => {
  expect((await processed()).background).toBe('local')
  expect(world.worker.lines.some((line) => line.includes('onnx.no-model'))).toBe(true)

  await world.storage
    .bucket(appBucket)
    .file(modelName)
    .save(tinyMaskModel({ side: 64 }), { resumable: false })
  const { one, background } = await processed()
  expect(background).toBe('onnx')
  const { bytes } = await world.publishedPicture(one)
  // The tiny model takes what is bright for the subject: the picture's paper, not its disc.
  const alphaAt = async (left: number, top: number) => {
    const pixel = await sharp(bytes).extract({ left, top, width: 1, height: 1 }).raw().toBuffer()
    return pixel[3]
  }
  expect(await alphaAt(6, 6)).toBeGreaterThan(235)
  expect(await alphaAt(64, 64)).toBeLessThan(20)
})
