import { existsSync, readFileSync } from 'node:fs'
import { variables } from '#shared/config/environment.ts'
import { SERVICES } from '#shared/config/variable.ts'
import { readFirestore } from '../../../tools/infra/firestore.ts'
import { fill, grantsOf, infraPath, readProject } from '../../../tools/infra/project.ts'
import { readService, renderService } from '../../../tools/infra/render-service.ts'
import { rightsPage } from '../../../tools/infra/rights-page.ts'

const project = readProject()
const grants = grantsOf(project)
const settings: Record<string, string> = {
  PROJECT_ID: 'demo',
  REGION: 'us-central1',
  APP_BUCKET: 'demo-app',
  WORK_BUCKET: 'demo-work',
  MODELS_BUCKET: 'demo-models',
  BUILD_BUCKET: 'demo-build',
  DATABASE: '(default)',
  SERVICE_URL: 'https://service.example',
  REPLICATE_WEBHOOK_URL: 'https://webhook.example',
  MODEL_SYNC_URL: 'https://model-sync.example',
  IMAGE: 'image@sha256:1',
  COMMIT: 'abc',
}

test('every service of the code is declared, with an account of its own', () => {
  expect(project.services.toSorted()).toEqual([...SERVICES].sort())
  for (const service of project.services) {
    expect(project.accounts.map(({ id }) => id)).toContain(`charaforge-${service}`)
  }
})

describe.each(SERVICES)('the specification of %s', (service) => {
  const { spec } = readService(service).spec.template
  const main = spec.containers.find(({ name }) => name === service)
  const names = (main?.env ?? []).map(({ name }) => name.replace(/_FILE$/, ''))

  test('gives exactly the variables that the deployment sets', () => {
    const wanted = variables().filter(([, one]) => one.services.includes(service) && one.setBy === 'deployment')
    expect(names.toSorted()).toEqual(wanted.map(([name]) => name).sort())
  })

  test('takes every secret from Secret Manager, and only what is one', () => {
    const isSecret = new Map<string, boolean>(variables().map(([name, { secret }]) => [name, secret]))
    for (const { name, valueFrom } of main?.env ?? []) {
      const given = valueFrom !== undefined || name.endsWith('_FILE')
      expect([name, given]).toEqual([name, isSecret.get(name.replace(/_FILE$/, ''))])
    }
    for (const { name, valueFrom } of main?.env ?? []) {
      if (!valueFrom) continue
      const declared = project.secrets.find((secret) => secret.name === valueFrom.secretKeyRef.name)
      expect(declared).toMatchObject({ variable: name, as: 'env', services: expect.arrayContaining([service]) })
    }
  })

  test('has time for a whole slice of work, and runs in the name of its own account', () => {
    expect(spec.timeoutSeconds).toBeGreaterThanOrEqual(660)
    expect(spec.serviceAccountName).toBe(`charaforge-${service}@\${PROJECT_ID}.iam.gserviceaccount.com`)
  })

  test('is rendered without what has no value, and stays where it was told to stay', () => {
    const { text } = renderService(service, { settings, secretVersions: {}, keepTrafficOn: null })
    expect(text).not.toContain('${')
    expect(text).not.toContain('secretKeyRef')
    expect(text).not.toContain('clamd')
    expect(text).toContain('latestRevision: true')
    const { text: pinned } = renderService(service, {
      settings: { ...settings, CLAMD_IMAGE: 'clamav/clamav' },
      secretVersions: Object.fromEntries(project.secrets.map(({ name }) => [name, '7'])),
      keepTrafficOn: `${service}-00001`,
    })
    expect(pinned).toContain(`revisionName: ${service}-00001`)
    expect(pinned).not.toContain('pinned')
    expect(pinned.includes('clamav/clamav')).toBe(names.includes('CLAMD_HOST'))
  })
})

test('a secret in a volume is left out with its variable where it has no version', () => {
  const render = (secretVersions: Record<string, string>) =>
    renderService('replicate-webhook', { settings, secretVersions, keepTrafficOn: null }).text
  expect(render({})).not.toContain('REPLICATE_WEBHOOK_SECRETS_FILE')
  expect(render({ 'replicate-webhook-secrets': '1' })).toContain('/secrets/replicate-webhook/secrets')
})

describe('rights', () => {
  test('the table in docs is what is granted', () => {
    expect(readFileSync(new URL('../../../docs/rights.md', import.meta.url), 'utf8')).toBe(rightsPage(project))
  })

  test('nobody gets a role that opens everything, and secrets are opened one by one', () => {
    for (const { role, on } of grants) {
      expect(role).not.toMatch(
        /roles\/(editor|owner|viewer|storage\.admin|datastore\.owner|run\.admin|secretmanager\.admin)$/,
      )
      if (role.startsWith('roles/secretmanager')) expect(on).toMatch(/^secret:/)
      if (role.startsWith('roles/storage')) expect(on).toMatch(/^bucket:/)
    }
  })

  test('only api and replicate-webhook are public, and only they take calls from outside', () => {
    const open = grants.filter(({ member }) => member === 'allUsers').map(({ on }) => on)
    expect(open.toSorted()).toEqual(['service:api', 'service:replicate-webhook'])
    for (const service of SERVICES) {
      const text = readFileSync(infraPath(`services/${service}.yaml`), 'utf8')
      expect(text).toContain(`run.googleapis.com/ingress: ${open.includes(`service:${service}`) ? 'all' : 'internal'}`)
    }
  })

  test('every grant has its reason, is named once, and is for somebody who exists', () => {
    const members = [...project.accounts.map(({ id }) => id), 'storage-agent', 'pubsub-agent', 'allUsers']
    const keys = grants.map(({ member, role, on }) => `${member} ${role} ${on}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { member, why } of grants) {
      expect(members).toContain(member)
      expect(why.length).toBeGreaterThan(5)
    }
  })

  test('who wakes jobs may put tasks into its queue, in the name of the tasks’ account', () => {
    for (const service of SERVICES) {
      const own = grants
        .filter(({ member }) => member === `charaforge-${service}`)
        .map(({ role, on }) => `${role} ${on}`)
      expect(own).toContain(`roles/cloudtasks.enqueuer queue:${service}`)
      expect(own).toContain('roles/iam.serviceAccountUser account:charaforge-tasks')
    }
  })
})

test('every service has a queue, a schedule for its reconciler and a Dockerfile', () => {
  for (const service of SERVICES) {
    expect(project.queues.map(({ name }) => name)).toContain(service)
    expect(project.schedules.map((schedule) => schedule.service)).toContain(service)
    expect(existsSync(new URL(`../../../Dockerfile.${service}`, import.meta.url))).toBe(true)
  }
})

test('subscriptions wait as long as a request works, and send what nobody takes to the dead letters', () => {
  expect(project.subscriptions).toMatchObject({
    ackDeadlineSeconds: 600,
    minRetrySeconds: 10,
    maxRetrySeconds: 600,
    maxDeliveryAttempts: 100,
  })
})

test('indexes are declared in the form that gcloud takes', () => {
  const { indexes, ttls } = readFirestore()
  expect(indexes).toContainEqual({
    collection: 'jobs',
    fields: ['field-path=kind,order=ascending', 'field-path=dueAt,order=ascending'],
  })
  expect(ttls).toContainEqual({ collection: 'jobs', field: 'expireAt' })
})

test('a setting that is missing is named', () => {
  const unfilled = `gs://\${A}`
  expect(fill(unfilled, { A: 'x' })).toBe('gs://x')
  expect(() => fill(unfilled, {})).toThrow('A is not set')
})
