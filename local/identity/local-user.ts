import { existsSync } from 'node:fs'
import { localProject } from '../environment.ts'
import { type Identity, identityKeyPath, openIdentity } from './identity.ts'

/** Who one is in the local cloud without an account. The address is nobody's: `example.com` takes no mail. */
export const LOCAL_USER = { uid: 'local-user', email: 'local-user@example.com' }

/** The ID token of the local cloud's user; valid for an hour. */
export function signInLocally(identity: Identity): Promise<string> {
  return identity.mintUser({ projectId: localProject, ...LOCAL_USER })
}

/** The same by the key below `dataDir`; null where no local cloud has run yet. */
export async function signInByKey(dataDir: string): Promise<string | null> {
  if (!existsSync(identityKeyPath(dataDir))) return null
  return await signInLocally(await openIdentity({ dataDir }))
}
