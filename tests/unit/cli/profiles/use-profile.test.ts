import type { Profile } from '../../../../cli/profiles/profiles.ts'
import { applyProfile } from '../../../../cli/profiles/use-profile.ts'

const profile: Profile = {
  apiUrl: 'https://api.prod',
  apiKey: 'k',
  project: 'prod',
  bucket: 'prod-app',
  workBucket: null,
  modelsBucket: 'prod-models',
  identityUrl: null,
  tokenUrl: null,
}

function applied(env: Record<string, string>, isExplicit: boolean, changed: Partial<Profile> = {}) {
  const changing: Record<string, string | undefined> = { ...env }
  applyProfile(changing, { name: 'p', profile: { ...profile, ...changed }, isExplicit })
  return changing
}

const all = {
  FORGE_PROFILE: 'p',
  FORGE_API_URL: 'https://api.prod',
  GOOGLE_CLOUD_PROJECT: 'prod',
  STORAGE_BUCKET: 'prod-app',
  MODELS_STORAGE_BUCKET: 'prod-models',
}

test('a profile says what the environment does not', () => {
  expect(applied({}, false)).toEqual(all)
  expect(applied({}, true)).toEqual(all)
})

test('the environment overrules the profile in use', () => {
  const env = {
    FORGE_API_URL: 'https://api.other',
    FORGE_TOKEN: 't',
    STORAGE_BUCKET: 'other',
    GOOGLE_CLOUD_PROJECT: 'prod',
  }
  expect(applied(env, false)).toEqual({ ...all, ...env })
})

test('of an environment that is another project’s the profile in use changes nothing but the API', () => {
  const env = { GOOGLE_CLOUD_PROJECT: 'staging', STORAGE_BUCKET: 'staging-app' }
  expect(applied(env, false)).toEqual({ ...env, FORGE_PROFILE: 'p', FORGE_API_URL: 'https://api.prod' })
})

test('--profile overrules the environment, and nothing of another project is left', () => {
  const env = {
    GOOGLE_CLOUD_PROJECT: 'staging',
    STORAGE_BUCKET: 'staging-app',
    WORK_BUCKET: 'staging-work',
    TASKS_QUEUE: 'projects/staging/locations/x/queues/q',
    FORGE_API_URL: 'https://api.staging',
    FORGE_TOKEN: 'staging',
  }
  expect(applied(env, true)).toEqual(all)
})

test('what --profile does not know stays as the environment of the same project has it', () => {
  const env = { GOOGLE_CLOUD_PROJECT: 'prod', WORK_BUCKET: 'prod-work', STORAGE_BUCKET: 'old' }
  expect(applied(env, true)).toEqual({ ...all, WORK_BUCKET: 'prod-work' })
})

test('a profile of an API alone touches no project', () => {
  const env = { GOOGLE_CLOUD_PROJECT: 'staging', STORAGE_BUCKET: 'staging-app' }
  const changed = applied(env, true, { project: null, bucket: null, modelsBucket: null })
  expect(changed).toEqual({ ...env, FORGE_PROFILE: 'p', FORGE_API_URL: 'https://api.prod' })
})
