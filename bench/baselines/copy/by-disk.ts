// The way of the tutorials: to a file in blocks of 1 KiB, then the file into the bucket, with the client's defaults.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { runCopy } from './run-copy.ts'

const BLOCK_BYTES = 1024

await runCopy(async ({ url, bucket, target }) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-by-disk-'))
  try {
    const path = join(folder, 'model')
    await download(url, path)
    await bucket.upload(path, { destination: target })
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function download(url: string, path: string): Promise<void> {
  const response = await fetch(url)
  if (!response.ok || response.body === null) throw new Error(`The source answered ${response.status}.`)
  const file = createWriteStream(path)
  for await (const chunk of response.body) {
    for (let at = 0; at < chunk.byteLength; at += BLOCK_BYTES) {
      if (!file.write(chunk.subarray(at, at + BLOCK_BYTES))) await once(file, 'drain')
    }
  }
  file.end()
  await finished(file)
}
