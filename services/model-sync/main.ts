import { setFlagsFromString } from 'node:v8'
import { startService } from '#shared/server/start-service.ts'

// The buffers of a copy's sockets count against the heap. After some idle seconds V8 leaves the heap so little room that they set
// off a full collection every 10 MB, and a copy takes two and a half times as much CPU; with this it takes no more memory.
setFlagsFromString('--heap-growing-percent=100')
// The removal of hundreds of parts makes garbage for which V8 would enlarge the young generation, by up to 80 MB for good.
setFlagsFromString('--semi-space-growth-factor=1')

startService({
  service: 'model-sync',
  env: process.env,
  // Express takes longer to load than the server: it listens first.
  load: async (start) => {
    const { createModelSync } = await import('./app.ts')
    return createModelSync(start)
  },
})
