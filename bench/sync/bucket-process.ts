// Run as a process of its own: the bucket server. Arguments: its folder, and the buckets to create.
import { startBucketServer } from '#local/bucket/server.ts'

const [dataDir = '', ...buckets] = process.argv.slice(2)
// The page cache is the sink: how fast this machine's disk syncs is nobody's merit.
const server = await startBucketServer({ port: 0, dataDir, durability: 'process' })
for (const bucket of buckets) await server.createBucket(bucket)

// The parent has ended, however it did.
process.on('disconnect', () => process.exit(0))
process.send?.({ url: server.url })
