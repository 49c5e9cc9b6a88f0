import { startService } from '#shared/server/start-service.ts'

startService({
  service: 'api',
  env: process.env,
  // Express takes longer to load than the server: it listens first.
  load: async (start) => {
    const { createApi } = await import('./app.ts')
    return createApi(start)
  },
})
