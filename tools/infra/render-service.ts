import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { fingerprint } from './fingerprint.ts'
import { infraPath } from './project.ts'

const variableSchema = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) }).optional(),
})

type ServiceVariable = z.output<typeof variableSchema>

/** As much of a Cloud Run service as is changed here; the rest goes through as it is. */
const serviceSchema = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
      }),
      spec: z.looseObject({
        containers: z.array(
          z.looseObject({
            name: z.string(),
            image: z.string(),
            env: z.array(variableSchema).optional(),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).optional(),
          }),
        ),
        volumes: z
          .array(z.looseObject({ name: z.string(), secret: z.looseObject({ secretName: z.string() }) }))
          .optional(),
      }),
    }),
  }),
})

export type ServiceSpec = z.output<typeof serviceSchema>

/** In which order containers start; Cloud Run refuses a name that is no container's. */
const START_ORDER = 'run.googleapis.com/container-dependencies'

export interface RenderedService {
  /** As `gcloud run services replace` takes it. */
  text: string
  /** The fingerprint of all but the traffic, also its label `spec`: who has it already need not be deployed again. */
  print: string
}

/** A service's specification as it is written, `${…}` not filled in. */
export function readService(name: string): ServiceSpec {
  return serviceSchema.parse(parse(readFileSync(infraPath(`services/${name}.yaml`), 'utf8')))
}

/**
 * The specification to deploy: settings filled in (one that is not given is empty text), variables without a value left out,
 * secrets pinned to the version that they have now, or left out with what hangs on them where they have none.
 */
export function renderService(
  name: string,
  params: {
    settings: Readonly<Record<string, string | undefined>>
    /** Version by secret; a secret that has none is not in it. */
    secretVersions: Readonly<Record<string, string>>
    /** The revision that keeps all traffic for now; null gives it to the new one. */
    keepTrafficOn: string | null
    /** The newest revision, where it did not start: the template is told apart from its. */
    notStarted?: string | null
  },
): RenderedService {
  const { settings, secretVersions, keepTrafficOn, notStarted = null } = params
  const filled = (text: string) => text.replace(/\$\{(\w+)\}/g, (_, key: string) => settings[key] ?? '')
  const service = readService(name)
  const { spec } = service.spec.template
  const volumes = (spec.volumes ?? []).filter(({ secret }) => secret.secretName in secretVersions)
  const kept = new Set(volumes.map((volume) => volume.name))
  const mountsGone = new Set<string>()
  const containers = spec.containers
    .filter((container) => filled(container.image) !== '')
    .map((container) => {
      const volumeMounts = (container.volumeMounts ?? []).filter((mount) => {
        if (!kept.has(mount.name)) mountsGone.add(mount.mountPath)
        return kept.has(mount.name)
      })
      const env = (container.env ?? []).flatMap((variable): ServiceVariable[] => {
        const secret = variable.valueFrom?.secretKeyRef
        if (secret) {
          const version = secretVersions[secret.name]
          return version === undefined
            ? []
            : [{ ...variable, valueFrom: { secretKeyRef: { name: secret.name, key: version } } }]
        }
        const value = filled(variable.value ?? '')
        const isGone = [...mountsGone].some((path) => value.startsWith(`${path}/`))
        return value === '' || isGone ? [] : [{ ...variable, value }]
      })
      return {
        ...container,
        image: filled(container.image),
        ...(container.env ? { env } : {}),
        ...(container.volumeMounts ? { volumeMounts } : {}),
      }
    })
  const { [START_ORDER]: order, ...annotations } = service.spec.template.metadata.annotations
  const template = {
    ...service.spec.template,
    metadata: {
      ...service.spec.template.metadata,
      annotations: { ...annotations, ...(order && containers.length > 1 ? { [START_ORDER]: order } : {}) },
    },
    spec: { ...spec, containers, ...(spec.volumes ? { volumes } : {}) },
  }
  const traffic = keepTrafficOn
    ? [
        { revisionName: keepTrafficOn, percent: 100 },
        { latestRevision: true, percent: 0, tag: 'candidate' },
      ]
    : [{ latestRevision: true, percent: 100 }]
  const print = fingerprint(filled(stringify({ ...service, spec: { ...service.spec, template } })))
  const metadata = { ...service.metadata, labels: { ...service.metadata.labels, spec: print } }
  const labels = { ...template.metadata.labels, ...(notStarted === null ? {} : { after: notStarted }) }
  const named = { ...template, metadata: { ...template.metadata, labels } }
  const whole = { ...service, metadata, spec: { ...service.spec, template: named, traffic } }
  return { text: filled(stringify(whole, { lineWidth: 0 })), print }
}
