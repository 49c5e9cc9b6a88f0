import * as z from 'zod'
import { variables } from '#shared/config/environment.ts'
import { askGoogle } from './ask-google.ts'
import { type Examined, type Finding, failed, note, ok, skipped } from './finding.ts'

const versionsSchema = z.object({ versions: z.array(z.unknown()).default([]) })

/** The secrets by their names in Secret Manager, and the services that run without what they hold. */
export function secretNames(): { name: string; variable: string; services: readonly string[] }[] {
  return variables().flatMap(([variable, { secret, services }]) =>
    secret
      ? [
          {
            name: variable.toLowerCase().replaceAll('_', '-'),
            variable,
            services: services.filter((one) => one !== 'forge'),
          },
        ]
      : [],
  )
}

/** Looks which secrets are there and have a value; never at a value. */
export async function checkSecrets(examined: Examined): Promise<Finding[]> {
  if (examined.isLocal) return [skipped('secrets', 'On a local cloud keys come from .env, or stand-ins need none.')]
  return await Promise.all(secretNames().map((secret) => checkSecret(secret, examined)))
}

async function checkSecret(
  { name, variable, services }: ReturnType<typeof secretNames>[number],
  examined: Examined,
): Promise<Finding> {
  const check = `secret ${name}`
  const { GOOGLE_CLOUD_PROJECT: project } = examined.config
  const path = `/v1/projects/${project}/secrets/${name}/versions?filter=state:ENABLED&pageSize=1`
  const answer = await askGoogle(new URL(path, examined.apis.secretManager).href, examined)
  if (answer === null)
    return failed(check, 'Secret Manager cannot be reached.', 'curl https://secretmanager.googleapis.com')
  if (answer.status === 404) return failed(check, `There is no secret ${name}.`, 'deploy/setup.sh')
  if (answer.status !== 200) {
    const grant = `gcloud secrets add-iam-policy-binding ${name} --member=user:YOU --role=roles/secretmanager.viewer --project=${project}`
    return note(check, `You may not look whether it has a value (${answer.status}).`, grant)
  }
  if ((versionsSchema.safeParse(answer.json).data?.versions.length ?? 0) > 0) return ok(check, 'It has a value.')
  const add = `gcloud secrets versions add ${name} --data-file=- --project=${project}`
  return note(
    check,
    `It has no value: ${services.join(', ')} without ${variable}. That is well where it is not needed.`,
    add,
  )
}
