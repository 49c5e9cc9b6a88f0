// Run as a process of its own: the same pictures through sharp's own calls with the same options, one after the other, and
// nothing else: no checks, no archive.
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { reportRun } from './photo-run.ts'

void reportRun(async (files) => {
  let outputBytes = 0
  for (const file of files) {
    const { length } = await sharp(await readFile(file))
      .autoOrient()
      .resize({ width: 2048, height: 2048, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .jpeg({ quality: 90 })
      .toBuffer()
    outputBytes += length
  }
  return outputBytes
})
