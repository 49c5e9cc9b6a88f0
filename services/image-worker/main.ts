import { startService } from '#shared/server/start-service.ts'

startService({
  service: 'image-worker',
  env: process.env,
  // Express takes longer to load than the server: it listens first.
  load: async (start) => {
    const { createImageWorker } = await import('./app.ts')
    const workerFile = new URL('./providers/local/segmentation-worker.ts', import.meta.url)
    return createImageWorker({ ...start, workerFile })
  },
})
