import { startService } from '#shared/server/start-service.ts'

startService({
  service: 'model-sync',
  env: process.env,
  // Express takes longer to load than the server: it listens first.
  load: async (start) => {
    const { createModelSync } = await import('./app.ts')
    return createModelSync(start)
  },
})
