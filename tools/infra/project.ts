import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import * as z from 'zod'

/** `infra/project.yaml` as it is written: `${…}` is not filled in yet. */
const projectSchema = z.strictObject({
  apis: z.array(z.string()),
  accounts: z.array(z.strictObject({ id: z.string().min(6).max(30), name: z.string() })),
  services: z.array(z.string()),
  buckets: z.array(z.strictObject({ name: z.string(), location: z.string(), lifecycle: z.string() })),
  secrets: z.array(
    z.strictObject({
      name: z.string(),
      variable: z.string(),
      as: z.enum(['env', 'volume']),
      services: z.array(z.string()),
    }),
  ),
  queues: z.array(z.strictObject({ name: z.string(), dispatchesPerSecond: z.number(), concurrent: z.number() })),
  schedules: z.array(z.strictObject({ name: z.string(), cron: z.string(), service: z.string() })),
  triggers: z.array(
    z.strictObject({
      name: z.string(),
      service: z.string(),
      path: z.string(),
      account: z.string(),
      location: z.string(),
      filters: z.array(z.string()),
      pathPatterns: z.array(z.string()).default([]),
      contentType: z.string().optional(),
    }),
  ),
  subscriptions: z.strictObject({
    ackDeadlineSeconds: z.number(),
    minRetrySeconds: z.number(),
    maxRetrySeconds: z.number(),
    maxDeliveryAttempts: z.number(),
    deadLetterTopic: z.string(),
    deadLetterSubscription: z.string(),
    deadLetterRetentionDays: z.number(),
  }),
  repository: z.strictObject({ name: z.string(), location: z.string(), cleanup: z.string() }),
  roles: z.array(
    z.strictObject({
      member: z.string(),
      role: z.string(),
      on: z.string(),
      why: z.string(),
      /** Of a service's account: why none of the runs that the tests record needs it. */
      unrecorded: z.string().optional(),
    }),
  ),
})

export type Project = z.output<typeof projectSchema>
export type Grant = Project['roles'][number]

const folder = new URL('../../infra/', import.meta.url)

/** The path of a file below infra/. */
export function infraPath(name: string): string {
  return fileURLToPath(new URL(name, folder))
}

/** Reads and checks infra/project.yaml. */
export function readProject(): Project {
  return projectSchema.parse(parse(readFileSync(infraPath('project.yaml'), 'utf8')))
}

/** Every grant: the declared ones, and the access of each service to the secrets that it reads, one by one. */
export function grantsOf(project: Project): Grant[] {
  const secrets = project.secrets.flatMap(({ name, variable, services }) =>
    services.map((service) => ({
      member: `charaforge-${service}`,
      role: 'roles/secretmanager.secretAccessor',
      on: `secret:${name}`,
      why: `reads ${variable}`,
      unrecorded: 'Cloud Run reads it, in the name of the account',
    })),
  )
  return [...project.roles, ...secrets]
}

/** Fills `${NAME}` from the settings. Throws for a name that they lack. */
export function fill(text: string, settings: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = settings[name]
    if (value === undefined) throw new Error(`${name} is not set: see deploy/config.env.example.`)
    return value
  })
}
