import * as z from 'zod'
import { ConfigError } from '#shared/errors/app-error.ts'
import { configFile, configFolder, readJson, writePrivateJson } from './config-folder.ts'

const text = z.string().nullable().default(null)

const profileSchema = z.object({
  /** Of the HTTP API, without a slash at its end. */
  apiUrl: text,
  /** The Firebase project's web API key: what names it to the sign-in. No secret; every app shows it. */
  apiKey: text,
  project: text,
  /** STORAGE_BUCKET, WORK_BUCKET and MODELS_STORAGE_BUCKET of commands that work with your own rights. */
  bucket: text,
  workBucket: text,
  modelsBucket: text,
  /** Instead of Google's, for the local cloud and Firebase's emulator. */
  identityUrl: text,
  tokenUrl: text,
})

/** A deployment that one works on. */
export type Profile = z.output<typeof profileSchema>

const fileSchema = z.object({
  /** The one that is used where none is named. */
  current: text,
  profiles: z.record(z.string(), profileSchema).default({}),
})

export type Profiles = z.output<typeof fileSchema>

type Env = Readonly<Record<string, string | undefined>>

const fileName = 'profiles.json'

/** All profiles; none where nothing was ever written. @throws ConfigError for a file that is not ours. */
export async function readProfiles(env: Env): Promise<Profiles> {
  const none: Profiles = { current: null, profiles: {} }
  if (configFolder(env) === null) return none
  const path = configFile(env, fileName)
  const json = await readJson(path)
  if (json === null) return none
  const parsed = fileSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const message = `${path} is not what forge writes; mend or remove it.`
  throw new ConfigError({ code: 'config.invalid', message, facts: { reason: z.prettifyError(parsed.error) } })
}

/** Writes all profiles. @throws ConfigError where there is no folder for them. */
export async function writeProfiles(env: Env, profiles: Profiles): Promise<void> {
  await writePrivateJson(configFile(env, fileName), profiles)
}

/** A profile by its name. @throws ConfigError `forge.no-such-profile` */
export function profileNamed({ profiles }: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile !== undefined) return profile
  const message = `There is no profile "${name}": "forge profile ls" shows those there are, "forge profile add" makes one.`
  throw new ConfigError({ code: 'forge.no-such-profile', message })
}
