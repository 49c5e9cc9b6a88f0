import { type Bucket, type File, Storage } from '@google-cloud/storage'

/** What a program of this folder is asked for by its arguments: URL, bucket, object name, SHA-256. */
export interface CopyOrder {
  url: string
  bucket: Bucket
  target: File
  sha256: string
}

/** Runs a copy and prints the seconds that it took; the start of Node and the loading of the client are not counted. */
export async function runCopy(copy: (order: CopyOrder) => Promise<void>): Promise<void> {
  const [url = '', bucketName = '', objectName = '', sha256 = ''] = process.argv.slice(2)
  const bucket = new Storage({ projectId: 'bench' }).bucket(bucketName)
  const target = bucket.file(objectName)
  const began = performance.now()
  await copy({ url, bucket, target, sha256 })
  console.log((performance.now() - began) / 1000)
}
