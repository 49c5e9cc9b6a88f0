import { existsSync } from 'node:fs'
import { internalCaller } from '../environment.ts'
import { identityKeyPath, openIdentity } from './identity.ts'

/**
 * The token with which Cloud Tasks and Cloud Scheduler call a service of the local cloud, by the key below `dataDir`; null
 * where no local cloud has run yet.
 */
export async function internalTokenByKey(dataDir: string, audience: string): Promise<string | null> {
  if (!existsSync(identityKeyPath(dataDir))) return null
  const identity = await openIdentity({ dataDir })
  return await identity.mint({ audience, email: internalCaller })
}
