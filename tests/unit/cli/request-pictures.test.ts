import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiClient } from '../../../cli/api/api-client.ts'
import { Interrupted } from '../../../cli/interrupt.ts'
import { requestPictures } from '../../../cli/training/request-pictures.ts'
import { FinalError } from '../../../shared/errors/app-error.ts'
import { captureOutput } from '../../support/capture-output.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pictures-'))
})
afterEach(() => rm(folder, { recursive: true }))

const imageAt = (index: number) => ({
  index,
  prompt: 'a moon',
  url: `https://pictures/${index}`,
  contentType: 'image/png',
})
const wish = { modelId: 'ana', prompt: 'a moon', count: 2 }

/** An API that makes two pictures, of which the first cannot be fetched. */
function api(get: () => Promise<unknown>): ApiClient {
  const request = async ({ url }: { url: string }) => {
    if (url.endsWith('/0')) throw new FinalError({ code: 'http.status', message: 'There is none.' })
    return { bytes: async () => Buffer.from('bytes') }
  }
  const post = async () => ({ generation: { id: 'g1', status: 'queued', images: [] } })
  return { isLocal: true, post, get, http: { request } } as unknown as ApiClient
}

test('a picture that cannot be saved keeps no other from it, and its address is told: it is paid for', async () => {
  const { output, said } = captureOutput({ json: true })
  const made = { id: 'g1', status: 'succeeded', images: [imageAt(0), imageAt(1)] }
  const context = { output, signal: new AbortController().signal }
  const call = { wish, folder, timeoutMs: 5_000 }
  expect(
    await requestPictures(
      api(async () => ({ generation: made })),
      call,
      context,
    ),
  ).toBe(false)
  const records = said.stdout.trimEnd().split('\n')
  const path = join(folder, 'g1-2.png')
  expect(records.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { type: 'request' },
    { type: 'image', path: null, url: 'https://pictures/0', code: 'http.status' },
    { type: 'image', path, url: 'https://pictures/1' },
    { type: 'end', state: 'succeeded' },
  ])
  expect(await readFile(path, 'utf8')).toBe('bytes')
})

test('Ctrl-C says where the pictures will be, and that the same call would make others', async () => {
  const controller = new AbortController()
  const get = async () => {
    controller.abort(new Interrupted('Interrupted.'))
    return { generation: { id: 'g1', status: 'processing', images: [] } }
  }
  const context = { output: captureOutput().output, signal: controller.signal }
  await expect(requestPictures(api(get), { wish, folder, timeoutMs: 5_000 }, context)).rejects.toThrow(
    /^Interrupted\. .*GET \/api\/generations\/g1 .*the same call again makes others\.$/,
  )
})
