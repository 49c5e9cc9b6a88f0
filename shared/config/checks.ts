/** The parsed values of one service, before they are known to fit together. */
type Parsed = Readonly<Record<string, unknown>>

/** What the providers of the image worker need to be asked at all. */
const PROVIDER_SECRETS = [
  ['clipdrop', 'CLIPDROP_API_KEY'],
  ['replicate', 'REPLICATE_API_TOKEN'],
] as const

/**
 * What is wrong between variables that are each right alone: one sentence each. `given` has the text of any variable of
 * the environment, of those too that this program does not read.
 */
export function conflicts(config: Parsed, given: (name: string) => string | null): string[] {
  const found: string[] = []
  const bucketOf = (name: string) => config[name] ?? given(name)
  if (isSet(bucketOf('STORAGE_BUCKET')) && bucketOf('STORAGE_BUCKET') === bucketOf('MODELS_STORAGE_BUCKET')) {
    found.push('MODELS_STORAGE_BUCKET is the app’s own bucket (STORAGE_BUCKET); models need a bucket of their own.')
  }
  for (const name of ['BACKGROUND_PROVIDERS', 'UPSCALE_PROVIDERS']) {
    const providers = config[name]
    if (!Array.isArray(providers)) continue
    if (providers.length === 0) found.push(`${name} names no provider; give at least one, for example local.`)
    for (const [provider, secret] of PROVIDER_SECRETS) {
      if (!providers.includes(provider) || config[secret] !== null) continue
      found.push(`${name} names ${provider}, which needs ${secret}; set it or take ${provider} out.`)
    }
  }
  if (Array.isArray(config.BACKGROUND_PROVIDERS) && config.BACKGROUND_PROVIDERS.includes('onnx')) {
    if (config.BACKGROUND_MODEL === null) {
      found.push('BACKGROUND_PROVIDERS names onnx, which needs BACKGROUND_MODEL; name a model file or take onnx out.')
    }
  }
  if (isSet(config.TASKS_QUEUE)) {
    for (const name of ['SERVICE_URL', 'TASKS_SERVICE_ACCOUNT']) {
      if (config[name] === null) found.push(`TASKS_QUEUE needs ${name}: without it no task can call this service back.`)
    }
  }
  if (isEmpty(config.INTERNAL_AUDIENCES) && !isEmpty(config.INTERNAL_INVOKERS)) {
    found.push('INTERNAL_INVOKERS needs SERVICE_URL or INTERNAL_AUDIENCES: a token must be made for this service.')
  }
  return found
}

/** What works but should not stay so in production: one sentence each, to be logged at start. */
export function configWarnings(config: Parsed): string[] {
  const found: string[] = []
  const onLaptop = isSet(config.FIRESTORE_EMULATOR_HOST)
  if (isSet(config.WORK_BUCKET) && config.WORK_BUCKET === config.STORAGE_BUCKET && !onLaptop) {
    found.push(
      'WORK_BUCKET is the app’s own bucket, so every temporary fires the upload trigger; set a bucket of its own.',
    )
  }
  if (Array.isArray(config.FETCH_ALLOW_HOSTS) && config.FETCH_ALLOW_HOSTS.length > 0 && !onLaptop) {
    found.push('FETCH_ALLOW_HOSTS opens the address guard; it is meant for the local cloud and tests only.')
  }
  if (isEmpty(config.INTERNAL_INVOKERS)) {
    found.push(
      onLaptop
        ? 'INTERNAL_INVOKERS is empty: anybody on this machine may call /internal/*.'
        : 'INTERNAL_INVOKERS is empty: nobody may call /internal/*, so jobs are never woken or reconciled.',
    )
  }
  // Only the services of trainings know these.
  const needed = ['REPLICATE_API_TOKEN', 'REPLICATE_OWNER', 'REPLICATE_WEBHOOK_URL']
  const missing = needed.filter((name) => 'REPLICATE_OWNER' in config && config[name] === null)
  if (missing.length > 0) found.push(`Nothing can be trained or generated: ${missing.join(', ')} not given.`)
  return found
}

function isSet(value: unknown): boolean {
  return value !== null && value !== undefined
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
