import type { Config } from '#shared/config/environment.ts'

/** What was looked at and how it is. `note` is for whoever reads to judge, `skipped` could not be looked at. */
export interface Finding {
  /** What was looked at, in a word or two: `bucket charaforge-work`. */
  check: string
  status: 'ok' | 'failed' | 'note' | 'skipped'
  /** A sentence. */
  message: string
  /** The one command that mends it; null where there is nothing to mend. */
  mend: string | null
}

/** Where Google's APIs are; tests give servers of their own. */
export interface GoogleApis {
  run: string
  secretManager: string
}

export const googleApis: GoogleApis = {
  run: 'https://run.googleapis.com',
  secretManager: 'https://secretmanager.googleapis.com',
}

/** What the checks work with. */
export interface Examined {
  config: Config<'forge'>
  /** On servers of this machine: there are no accounts, no rights and no secrets. */
  isLocal: boolean
  /** Of whoever sits there; null on a local cloud. @throws where there are no credentials. */
  accessToken: () => Promise<string | null>
  apis: GoogleApis
  signal: AbortSignal
}

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message, mend: null }
}

export function failed(check: string, message: string, mend: string): Finding {
  return { check, status: 'failed', message, mend }
}

export function note(check: string, message: string, mend: string | null = null): Finding {
  return { check, status: 'note', message, mend }
}

export function skipped(check: string, message: string): Finding {
  return { check, status: 'skipped', message, mend: null }
}

/** What a local cloud is started by. */
export const startLocalCloud = 'npm run dev'
