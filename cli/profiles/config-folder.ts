import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { types } from 'node:util'
import { ConfigError } from '#shared/errors/app-error.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * Where forge keeps profiles and sign-ins: XDG's base directory specification, which ignores relative paths. Null where
 * neither XDG_CONFIG_HOME nor HOME says (a service, a container): there is no profile then.
 */
export function configFolder({ XDG_CONFIG_HOME, HOME }: Env): string | null {
  if (XDG_CONFIG_HOME && isAbsolute(XDG_CONFIG_HOME)) return join(XDG_CONFIG_HOME, 'charaforge')
  return HOME ? join(HOME, '.config', 'charaforge') : null
}

/** The path of one of its files. @throws ConfigError where there is no such folder. */
export function configFile(env: Env, ...path: string[]): string {
  const folder = configFolder(env)
  if (folder !== null) return join(folder, ...path)
  const message = 'Nobody says where your configuration lies: set HOME or XDG_CONFIG_HOME.'
  throw new ConfigError({ code: 'config.invalid', message })
}

/** The JSON of a file; null where there is none. @throws ConfigError for what is no JSON. */
export async function readJson(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new ConfigError({ code: 'config.invalid', message: `${path} is no JSON; mend or remove it.`, cause })
  }
}

/** For its owner's eyes only, from the first byte on; whole or not at all. */
export async function writePrivateJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Two forges may write at the same time: each has a file of its own until the rename.
  const unfinished = `${path}.${randomUUID()}`
  try {
    await writeFile(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}
