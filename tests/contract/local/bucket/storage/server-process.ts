// A bucket server in a process of its own, to be killed or weighed. Started by spawned-server.ts with an IPC channel.
import { startBucketServer } from '#local/bucket/server.ts'

const [dataDir = '', durability] = process.argv.slice(2)
const server = await startBucketServer({
  port: 0,
  dataDir,
  durability: durability === 'process' ? 'process' : 'fsync',
})
await server.createBucket('uploads')
process.on('message', () => process.send?.({ peakBytes: process.resourceUsage().maxRSS * 1024 }))
process.send?.({ url: server.url })
