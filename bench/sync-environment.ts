import { localEnvironment } from '#local/cloud.ts'

/** The environment of a model sync between local servers; what is not named is nowhere. */
export function syncEnvironment(servers: Partial<Parameters<typeof localEnvironment>[0]>): Record<string, string> {
  const nowhere = 'http://127.0.0.1:1'
  return {
    PATH: process.env.PATH ?? '',
    LOG_LEVEL: 'warn',
    // What is measured is the copy, not our politeness towards a hub: by default its two requests are a second apart.
    CIVITAI_REQUESTS_PER_MINUTE: '6000',
    ...localEnvironment({
      bucketUrl: nowhere,
      documentsHost: '127.0.0.1:1',
      civitaiUrl: nowhere,
      huggingfaceUrl: nowhere,
      fileHostUrl: nowhere,
      tasksUrl: nowhere,
      jwksUrl: nowhere,
      serviceUrl: nowhere,
      ...servers,
    }),
  }
}
