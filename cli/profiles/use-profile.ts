import { type Profile, profileNamed, readProfiles } from './profiles.ts'

/** Which profile a call is about, and how it is known. */
export interface ProfileChoice {
  name: string
  profile: Profile
  /** By --profile: it overrules the environment, which otherwise overrules it. */
  isExplicit: boolean
}

type Env = Record<string, string | undefined>

/**
 * The profile of a call: the one that `--profile` names, else FORGE_PROFILE, else the one in use; null where there is none.
 * @throws ConfigError `forge.no-such-profile`
 */
export async function chooseProfile(env: Env, explicit: string | null): Promise<ProfileChoice | null> {
  const profiles = await readProfiles(env)
  const name = explicit ?? (env.FORGE_PROFILE || profiles.current)
  if (!name) return null
  return { name, profile: profileNamed(profiles, name), isExplicit: explicit !== null }
}

/** What belongs to one project: of two projects these must never be mixed. */
const projectVariables = [
  'GOOGLE_CLOUD_PROJECT',
  'STORAGE_BUCKET',
  'WORK_BUCKET',
  'MODELS_STORAGE_BUCKET',
  'TASKS_QUEUE',
  'TASKS_SERVICE_ACCOUNT',
  'SERVICE_URL',
] as const

/** Makes `env` what the profile says; see `ProfileChoice.isExplicit` for who overrules whom. */
export function applyProfile(env: Env, { name, profile, isExplicit }: ProfileChoice): void {
  env.FORGE_PROFILE = name
  if (isExplicit) delete env.FORGE_TOKEN // It is for the API of the environment.
  fill(env, { FORGE_API_URL: profile.apiUrl }, isExplicit)
  if (profile.project === null) return
  const isOtherProject = Boolean(env.GOOGLE_CLOUD_PROJECT) && env.GOOGLE_CLOUD_PROJECT !== profile.project
  if (isOtherProject && !isExplicit) return
  if (isOtherProject) for (const variable of projectVariables) delete env[variable]
  const { project, bucket, workBucket, modelsBucket } = profile
  const values = {
    GOOGLE_CLOUD_PROJECT: project,
    STORAGE_BUCKET: bucket,
    WORK_BUCKET: workBucket,
    MODELS_STORAGE_BUCKET: modelsBucket,
  }
  fill(env, values, isExplicit)
}

function fill(env: Env, values: Record<string, string | null>, overrules: boolean): void {
  for (const [variable, value] of Object.entries(values)) {
    if (value !== null && (overrules || !env[variable])) env[variable] = value
  }
}
