import { existsSync } from 'node:fs'
import { localProject } from '../environment.ts'
import { type Identity, identityKeyPath, openIdentity } from './identity.ts'

/** Somebody who is signed in to the local cloud, without an account. */
export interface LocalUser {
  uid: string
  email: string
  /** Whoever sits at the machine is; other names show what an ordinary user may do. */
  isOperator: boolean
}

const DEFAULT_UID = 'local-user'

/** Who one is there unless one says otherwise. The address is nobody's: `example.com` takes no mail. */
export function localUser(uid = DEFAULT_UID): LocalUser {
  return { uid, email: `${uid}@example.com`, isOperator: uid === DEFAULT_UID }
}

/** An ID token of the local cloud; valid for an hour. */
export function signInLocally(identity: Identity, user = localUser()): Promise<string> {
  const { uid, email, isOperator } = user
  return identity.mintUser({
    projectId: localProject,
    uid,
    email,
    ...(isOperator ? { claims: { operator: true } } : {}),
  })
}

/** The same by the key below `dataDir`; null where no local cloud has run yet. */
export async function signInByKey(dataDir: string, user = localUser()): Promise<string | null> {
  if (!existsSync(identityKeyPath(dataDir))) return null
  return await signInLocally(await openIdentity({ dataDir }), user)
}
