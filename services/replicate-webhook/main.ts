import { startService } from '#shared/server/start-service.ts'

startService({
  service: 'replicate-webhook',
  env: process.env,
  // Express takes longer to load than the server: it listens first.
  load: async (start) => {
    const { createReplicateWebhook } = await import('./app.ts')
    return createReplicateWebhook(start)
  },
})
