import { localUser } from './local-user.ts'

/** Somebody who may sign in by a password. */
export interface Account {
  uid: string
  email: string
  password: string
  /** What an administrator has set: `admin` among them. */
  claims?: Record<string, unknown>
  isDisabled?: boolean
}

/** The API key of the local cloud's Firebase project. */
export const LOCAL_API_KEY = 'local-api-key'

/** The password of the local cloud's user, for those who try out signing in; everybody else there needs none. */
export const LOCAL_PASSWORD = 'local-password'

/** Who has an account in the local cloud. */
export function localAccounts(): Account[] {
  return [{ ...localUser(), password: LOCAL_PASSWORD }]
}
