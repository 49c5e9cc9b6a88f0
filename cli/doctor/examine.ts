import { types } from 'node:util'
import { loadConfig } from '#shared/config/load.ts'
import { AppError, ConfigError } from '#shared/errors/app-error.ts'
import { checkBuckets } from './check-buckets.ts'
import { checkDocuments, checkIndexes } from './check-documents.ts'
import { checkQueue } from './check-queue.ts'
import { checkSecrets } from './check-secrets.ts'
import { checkServices, type ServiceUrls } from './check-services.ts'
import { type Examined, type Finding, failed, type GoogleApis, ok, skipped } from './finding.ts'

export interface Examination {
  env: Readonly<Record<string, string | undefined>>
  /** Of a local cloud's services. */
  serviceUrls: ServiceUrls
  apis: GoogleApis
  /** Of whoever sits there. @throws where there are no credentials. */
  accessToken: () => Promise<string | null>
  signal: AbortSignal
  /** Told of each as soon as it is known, in the order in which they should be mended. */
  onFinding: (finding: Finding) => void
}

/** Passes findings on. @returns whether there is nothing to mend among them. */
type Tell = (...found: readonly Finding[]) => boolean

/** Looks at everything that this machine and the project need; what hangs on something broken is left out. */
export async function examine(examination: Examination): Promise<Finding[]> {
  const findings: Finding[] = []
  const tell: Tell = (...found) => {
    for (const finding of found) examination.onFinding(finding)
    findings.push(...found)
    return found.every(({ status }) => status !== 'failed')
  }
  tell(checkNode(process.versions.node))
  const examined = readExamined(examination)
  if ('status' in examined) {
    tell(examined, skipped('project', 'It is looked at once the environment is right.'))
    return findings
  }
  tell(ok('configuration', `The project is ${examined.config.GOOGLE_CLOUD_PROJECT}.`))
  if (!tell(...(await checkKey(examined)), await checkCredentials(examined))) {
    tell(skipped('project', 'It is looked at once you are signed in.'))
    return findings
  }
  await checkDatabase(examined, tell)
  await checkObjects(examined, tell)
  tell(await checkQueue(examined))
  tell(...(await checkSecrets(examined)))
  tell(...(await checkServices(examined, examination.serviceUrls)))
  return findings
}

/** Documents, by the client that the services use. */
async function checkDatabase(examined: Examined, tell: Tell): Promise<void> {
  const { openDocuments } = await import('../connect.ts')
  const opened = await openDocuments(examined.config).catch((error: unknown) => asFinding('Firestore', error))
  if ('status' in opened) {
    tell(opened)
    return
  }
  try {
    if (tell(await checkDocuments(opened.db, examined))) tell(...(await checkIndexes(opened.db, examined)))
  } finally {
    await opened.db.terminate()
  }
}

/** Objects, likewise. */
async function checkObjects(examined: Examined, tell: Tell): Promise<void> {
  const [{ createStorage }, { serviceAccountKey }] = await Promise.all([
    import('#shared/objects/storage.ts'),
    import('#shared/secrets/service-account-key.ts'),
  ])
  const { GOOGLE_CLOUD_PROJECT: projectId, FIREBASE_SERVICE_ACCOUNT_KEY: key } = examined.config
  tell(...(await checkBuckets(createStorage({ projectId, credentials: await serviceAccountKey(key) }), examined)))
}

/** Node runs the project's TypeScript by itself from 22.18 on. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return ok('Node', `${version} runs.`)
  return failed('Node', `${version} is too old: the project needs 22.18 or newer.`, 'npm ci')
}

function readExamined({ env, apis, accessToken, signal }: Examination): Examined | Finding {
  try {
    const config = loadConfig('forge', env)
    const isLocal = config.FIRESTORE_EMULATOR_HOST !== null
    return { config, isLocal, accessToken: isLocal ? async () => null : accessToken, apis, signal }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const message = error.message.replace(/^forge cannot start: /, '')
    return failed(
      'configuration',
      message,
      'forge profile add NAME --project ID --bucket NAME   # or forge doctor --local, for the cloud of npm run dev',
    )
  }
}

async function checkCredentials({ isLocal, accessToken }: Examined): Promise<Finding> {
  if (isLocal) return ok('credentials', 'A local cloud asks for none.')
  try {
    if ((await accessToken()) !== null) return ok('credentials', 'You are signed in.')
  } catch {
    // The library's own sentence is about programs; the command below is what a person needs.
  }
  return failed('credentials', 'You are not signed in to Google Cloud.', 'gcloud auth application-default login')
}

/** The key of a service account, where one is configured: all that follows is asked in its name. */
async function checkKey({ config }: Examined): Promise<Finding[]> {
  const { FIREBASE_SERVICE_ACCOUNT_KEY: key } = config
  if (key === null) return []
  const check = 'service account key'
  const { serviceAccountKey } = await import('#shared/secrets/service-account-key.ts')
  try {
    const account = await serviceAccountKey(key)
    return [ok(check, `It is ${account?.client_email}'s.`)]
  } catch {
    // What could not be read as a key may be one all the same: nothing of it is shown.
    const message = 'FIREBASE_SERVICE_ACCOUNT_KEY is no key of a service account, or cannot be read.'
    return [failed(check, message, 'unset FIREBASE_SERVICE_ACCOUNT_KEY   # your own rights will do within one project')]
  }
}

function asFinding(check: string, error: unknown): Finding {
  const message = error instanceof AppError || types.isNativeError(error) ? error.message : String(error)
  return failed(check, message, 'npm run dev')
}
