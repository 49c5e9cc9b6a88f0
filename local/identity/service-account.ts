import { createPublicKey, generateKeyPair } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'

/** The key file of a service account, as Google hands it out; what a client reads of it. */
const KeyFile = z.object({
  type: z.literal('service_account'),
  project_id: z.string(),
  client_email: z.string(),
  private_key: z.string(),
})

/** The account in whose name the services of the local cloud sign URLs. */
export interface ServiceAccount {
  /** For GOOGLE_APPLICATION_CREDENTIALS, so that clients find the key as they find their account on Google Cloud. */
  keyFile: string
  /** What its signatures are checked with, as PEM. */
  publicKey: string
}

/** Opens the local cloud's service account; its key lies below `dataDir` and is made at the first start. */
export async function openServiceAccount(options: { dataDir: string; projectId: string }): Promise<ServiceAccount> {
  const keyFile = join(options.dataDir, 'identity', 'service-account.json')
  if (!existsSync(keyFile)) await createKeyFile(keyFile, options.projectId)
  const { private_key: key } = KeyFile.parse(JSON.parse(await readFile(keyFile, 'utf8')))
  return { keyFile, publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString() }
}

/** Readable by its owner alone; whole or not at all, since a start may be killed. */
async function createKeyFile(path: string, projectId: string): Promise<void> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const key = {
    type: 'service_account',
    project_id: projectId,
    client_email: `services@${projectId}.iam.gserviceaccount.com`,
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  } satisfies z.infer<typeof KeyFile>
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(`${path}.tmp`, JSON.stringify(key), { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}
