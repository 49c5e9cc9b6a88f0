// Run as a process of its own: the photos of a folder → one training archive, as a training's start makes it. Its bytes go
// nowhere: the upload is the bucket's time.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { photosToZip } from '#shared/photos/photos-to-zip.ts'
import { reportRun } from './photo-run.ts'

void reportRun(async (files) => {
  const photos = files.map((file) => ({ name: basename(file), read: () => readFile(file) }))
  let outputBytes = 0
  for await (const chunk of photosToZip(photos)) outputBytes += chunk.length
  return outputBytes
})
