import type { Storage } from '@google-cloud/storage'
import { askGoogle } from './ask-google.ts'
import { type Examined, type Finding, failed, ok, startLocalCloud } from './finding.ts'

/** Lists one object of each bucket: what matters is who answers. */
export async function checkBuckets(storage: Storage, examined: Examined): Promise<Finding[]> {
  const { STORAGE_EMULATOR_HOST: emulator } = examined.config
  // The client would ask for most of a minute before it says that nobody is there.
  if (emulator !== null && (await askGoogle(emulator, examined)) === null) {
    return [failed('buckets', `Nothing answers at ${emulator} (STORAGE_EMULATOR_HOST).`, startLocalCloud)]
  }
  const { STORAGE_BUCKET: app, WORK_BUCKET: work, MODELS_STORAGE_BUCKET: models } = examined.config
  const buckets = [
    { name: app, variable: 'STORAGE_BUCKET' },
    { name: work, variable: 'WORK_BUCKET' },
    { name: models, variable: 'MODELS_STORAGE_BUCKET' },
  ]
  const different = buckets.filter(({ name }, place) => buckets.findIndex((one) => one.name === name) === place)
  return await Promise.all(different.map((bucket) => checkBucket(storage, bucket, examined)))
}

async function checkBucket(
  storage: Storage,
  { name, variable }: { name: string; variable: string },
  { isLocal }: Examined,
): Promise<Finding> {
  const check = `bucket ${name}`
  try {
    await storage.bucket(name).getFiles({ maxResults: 1, autoPaginate: false })
    return ok(check, `${variable} can be listed.`)
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
    if (code === 404) {
      const message = `There is no bucket ${name} (${variable}).`
      if (isLocal) return failed(check, message, startLocalCloud)
      // The app's bucket is not ours to make: its name is what is wrong.
      const isApps = variable === 'STORAGE_BUCKET'
      return failed(
        check,
        message,
        isApps ? 'gcloud storage ls   # then name the app’s in STORAGE_BUCKET' : 'deploy/setup.sh',
      )
    }
    if (code === 401 || code === 403) {
      const grant = `gcloud storage buckets add-iam-policy-binding gs://${name} --member=user:YOU --role=roles/storage.objectUser`
      return failed(check, `You may not list ${name} (${variable}).`, grant)
    }
    const said =
      typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
    const message = `${name} (${variable}) cannot be reached: ${said.split('\n')[0]}`
    return failed(check, message, isLocal ? startLocalCloud : `gcloud storage buckets describe gs://${name}`)
  }
}
