// The least that copies and knows what lies in the bucket: the same pipe, then all of it read back and hashed.
import { createHash } from 'node:crypto'
import { pipeToBucket } from './pipe-to-bucket.ts'
import { runCopy } from './run-copy.ts'

await runCopy(async (order) => {
  await pipeToBucket(order)
  const hash = createHash('sha256')
  for await (const chunk of order.target.createReadStream({ validation: false })) hash.update(chunk)
  if (hash.digest('hex') !== order.sha256) throw new Error('The bucket does not hold what the source has.')
})
