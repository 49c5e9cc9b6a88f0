import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sendPicture } from './app/send-picture.ts'
import { withDemoStack } from './demo-stack.ts'
import { localBuckets } from './environment.ts'

/** The picture of a fresh clone. */
const defaultPicture = fileURLToPath(new URL('../docs/images/demo.jpg', import.meta.url))

/**
 * `npm run demo`: starts what it needs on free ports, sends one picture through and saves the result. The path of the
 * result is the last line of standard output. @throws Error with the reason.
 */
export async function runDemo(params: {
  picture: string | null
  env: NodeJS.ProcessEnv
  outputDir: string
  signal: AbortSignal
}): Promise<void> {
  const { env, signal } = params
  await withDemoStack({ services: ['image-worker'], env, signal }, async ({ clients }) => {
    const path = params.picture === null ? defaultPicture : resolve(params.picture)
    console.log(`Sending ${path} through bucket → event → image-worker → result.\n`)
    const say = (line: string) => console.log(line)
    const sent = await sendPicture(clients, { bucket: localBuckets.app, path, say, signal })
    await mkdir(params.outputDir, { recursive: true })
    const saved = join(params.outputDir, `showcase_${sent.characterId}.png`)
    await writeFile(saved, sent.png)
    console.log('The showcase image is saved as')
    console.log(saved)
  })
}
