import * as z from 'zod'
import { SERVICES } from '#shared/config/variable.ts'
import { askGoogle } from './ask-google.ts'
import { type Examined, type Finding, failed, note, ok, skipped, startLocalCloud } from './finding.ts'

const serviceSchema = z.object({
  terminalCondition: z.object({ state: z.string().default(''), message: z.string().default('') }).optional(),
  uri: z.string().optional(),
})
/** People and Replicate call these. */
const publicServices: readonly string[] = ['api', 'replicate-webhook']
const timeoutMs = 10_000

/** Where a service of a local cloud is; the first that does not answer is what is wrong. */
export type ServiceUrls = Readonly<Record<string, string>>

/** Looks whether each service is there and takes work. `urls` are those of a local cloud. */
export async function checkServices(examined: Examined, urls: ServiceUrls): Promise<Finding[]> {
  if (examined.isLocal) {
    return await Promise.all(
      Object.entries(urls).map(([name, url]) => checkHealth(name, url, examined, startLocalCloud)),
    )
  }
  const location = /\/locations\/([^/]+)\//.exec(examined.config.TASKS_QUEUE ?? '')?.[1]
  if (location === undefined) {
    return [skipped('services', 'Give TASKS_QUEUE: its location says in which region the services run.')]
  }
  const findings = await Promise.all(SERVICES.map((name) => checkDeployed(name, location, examined)))
  return findings.flat()
}

async function checkDeployed(name: string, region: string, examined: Examined): Promise<Finding[]> {
  const check = `service ${name}`
  const { GOOGLE_CLOUD_PROJECT: project } = examined.config
  const path = `/v2/projects/${project}/locations/${region}/services/${name}`
  const answer = await askGoogle(new URL(path, examined.apis.run).href, examined)
  if (answer === null) return [failed(check, 'Cloud Run cannot be reached.', 'curl https://run.googleapis.com')]
  if (answer.status === 404) return [failed(check, `It is not deployed in ${region}.`, `deploy/deploy.sh ${name}`)]
  if (answer.status !== 200) {
    const grant = `gcloud projects add-iam-policy-binding ${project} --member=user:YOU --role=roles/run.viewer`
    return [note(check, `You may not look at it (${answer.status}).`, grant)]
  }
  const { terminalCondition, uri } = serviceSchema.safeParse(answer.json).data ?? {}
  if (terminalCondition?.state !== 'CONDITION_SUCCEEDED') {
    const logs = `gcloud run services logs read ${name} --region=${region} --project=${project}`
    return [failed(check, `It is not ready: ${terminalCondition?.message || 'it does not say why'}.`, logs)]
  }
  if (uri === undefined || !publicServices.includes(name)) return [ok(check, 'It is ready.')]
  const logs = `gcloud run services logs read ${name} --region=${region} --project=${project}`
  return [await checkHealth(name, uri, examined, logs)]
}

async function checkHealth(name: string, url: string, { signal }: Examined, mend: string): Promise<Finding> {
  const check = `service ${name}`
  try {
    const health = new URL('/health/ready', url)
    const answer = await fetch(health, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) })
    await answer.body?.cancel()
    if (answer.ok) return ok(check, `It takes work at ${url}.`)
    return failed(check, `${health} answered ${answer.status}.`, mend)
  } catch {
    signal.throwIfAborted()
    return failed(check, `Nothing answers at ${url}.`, mend)
  }
}
