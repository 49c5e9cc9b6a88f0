import { parse } from 'yaml'
import { variables } from '#shared/config/environment.ts'
import { canonicalJson, fingerprint } from '../../../tools/infra/fingerprint.ts'
import { readMonitoring } from '../../../tools/infra/monitoring.ts'
import { readProject } from '../../../tools/infra/project.ts'
import { renderAlert, renderDashboard, renderMetric } from '../../../tools/infra/render-monitoring.ts'
import { renderService } from '../../../tools/infra/render-service.ts'
import { serviceUrls } from '../../../tools/infra/service-urls.ts'
import { settingProblems } from '../../../tools/infra/settings.ts'

const settings = {
  PROJECT_ID: 'demo',
  PROJECT_NUMBER: '12',
  REGION: 'us-central1',
  IMAGE: 'image@sha256:1',
  COMMIT: 'abc',
}

interface Container {
  name: string
  image: string
  ports?: unknown
  env?: { name: string; value?: string }[]
  resources: { limits: Record<string, string> }
  startupProbe: Record<string, unknown>
}

interface Service {
  metadata: { labels: Record<string, string> }
  spec: {
    template: { metadata: { annotations: Record<string, string> }; spec: { containers: Container[] } }
    traffic: unknown[]
  }
}

const START_ORDER = 'run.googleapis.com/container-dependencies'

function rendered(service: string, given: Record<string, string> = {}, keepTrafficOn: string | null = null) {
  const { text, print } = renderService(service, {
    settings: { ...settings, ...serviceUrls(service, settings), ...given },
    secretVersions: {},
    keepTrafficOn,
  })
  return { service: parse(text) as Service, print }
}

function variablesOf(service: Service): Record<string, string | undefined> {
  const [main] = service.spec.template.spec.containers
  return Object.fromEntries((main?.env ?? []).map(({ name, value }) => [name, value]))
}

describe('clamd beside a service', () => {
  test.each(['image-worker', 'api'])('%s starts after clamd, and asks it', (name) => {
    const { service } = rendered(name, { CLAMD_IMAGE: 'clamav/clamav:1', CLAMD_HOST: '127.0.0.1:3310' })
    const { metadata, spec } = service.spec.template
    const [main, clamd, ...others] = spec.containers
    expect([main?.name, clamd?.name, others]).toEqual([name, 'clamd', []])
    expect(JSON.parse(metadata.annotations[START_ORDER] ?? '')).toEqual({ [name]: ['clamd'] })
    // Only the container that takes requests has a port; who is waited for has to have a startup probe.
    expect([main?.ports !== undefined, clamd?.ports]).toEqual([true, undefined])
    expect(clamd?.startupProbe).toMatchObject({ tcpSocket: { port: 3310 } })
    expect(clamd?.resources.limits.memory).toBe('4Gi')
    expect(variablesOf(service).CLAMD_HOST).toBe('127.0.0.1:3310')
  })

  test('its signatures are waited for, but not for longer than Cloud Run allows', () => {
    const { service } = rendered('image-worker', { CLAMD_IMAGE: 'clamav/clamav:1' })
    const probe = service.spec.template.spec.containers[1]?.startupProbe as {
      periodSeconds: number
      failureThreshold: number
    }
    expect(probe.periodSeconds * probe.failureThreshold).toBe(240)
  })

  test.each(['image-worker', 'api'])('without an image %s waits for nobody', (name) => {
    const { service } = rendered(name)
    expect(service.spec.template.spec.containers).toHaveLength(1)
    expect(service.spec.template.metadata.annotations).not.toHaveProperty([START_ORDER])
    expect(variablesOf(service)).not.toHaveProperty('CLAMD_HOST')
  })
})

describe('the addresses that services are told', () => {
  test('the API knows the services that it asks before they are there, and is deployed after them', () => {
    expect(variablesOf(rendered('api').service)).toMatchObject({
      SERVICE_URL: 'https://api-12.us-central1.run.app',
      MODEL_SYNC_URL: 'https://model-sync-12.us-central1.run.app',
      REPLICATE_WEBHOOK_URL: 'https://replicate-webhook-12.us-central1.run.app',
    })
    expect(readProject().services.at(-1)).toBe('api')
  })

  test('an address of one’s own is kept', () => {
    const urls = serviceUrls('api', { ...settings, MODEL_SYNC_URL: 'https://sync.example' })
    expect(urls.MODEL_SYNC_URL).toBe('https://sync.example')
  })

  test('the cache’s limit comes from the settings, and is left out where there is none', () => {
    for (const name of ['api', 'model-sync', 'replicate-webhook']) {
      expect(variablesOf(rendered(name, { CACHE_MAX_BYTES: '5000000' }).service).CACHE_MAX_BYTES).toBe('5000000')
      expect(variablesOf(rendered(name).service)).not.toHaveProperty('CACHE_MAX_BYTES')
    }
  })
})

describe('names in a settings file', () => {
  const project = readProject()

  test('may be every variable that the deployment sets, or are said to be filled in; a secret is told where it belongs', () => {
    for (const [name, { setBy, secret }] of variables()) {
      if (setBy !== 'deployment') continue
      const [problem, ...more] = settingProblems([name], project)
      expect(more).toEqual([])
      if (secret) expect(problem).toContain('docs/secrets.md')
      else if (problem !== undefined) expect(problem).toContain('is filled in from other settings')
    }
    expect(settingProblems(['CACHE_MAX_BYTES', 'RESULT_URL', 'ALERT_EMAIL', 'BILLING_ACCOUNT'], project)).toEqual([])
  })

  test('that nobody reads are told, all at once', () => {
    expect(settingProblems(['CACHE_MAX_BYTE', 'PORT', 'COMMIT'], project)).toEqual([
      expect.stringContaining('There is no setting CACHE_MAX_BYTE'),
      expect.stringContaining('There is no setting PORT'),
      expect.stringContaining('There is no setting COMMIT'),
    ])
  })
})

test('a revision after one that did not start is told apart from it, and is the same service all the same', () => {
  const render = (notStarted: string | null) =>
    renderService('api', { settings, secretVersions: {}, keepTrafficOn: null, notStarted })
  const [first, next] = [render(null), render('api-00002-abc')]
  expect(next.print).toBe(first.print)
  expect(next.text.replace('        after: api-00002-abc\n', '')).toBe(first.text)
  expect(next.text).not.toBe(first.text)
})

describe('fingerprints', () => {
  test('are of the content, whatever its order', () => {
    expect(fingerprint({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(fingerprint({ b: [{ d: 3, c: 2 }], a: 1 }))
    expect(fingerprint({ a: [1, 2] })).not.toBe(fingerprint({ a: [2, 1] }))
    expect(canonicalJson({ b: 1, a: { d: [], c: null } })).toBe('{"a":{"c":null,"d":[]},"b":1}')
  })

  test('of a service are a label of its own, the same wherever the traffic is, another with another setting', () => {
    const { service, print } = rendered('api')
    expect(print).toMatch(/^[0-9a-f]{12}$/)
    expect(service.metadata.labels.spec).toBe(print)
    const kept = rendered('api', {}, 'api-00007')
    expect(kept.service.spec.traffic).not.toEqual(service.spec.traffic)
    expect(kept.print).toBe(print)
    expect(rendered('api', { CORS_ORIGINS: 'https://a.example' }).print).not.toBe(print)
    expect(rendered('api', { IMAGE: 'image@sha256:2' }).print).not.toBe(print)
  })

  test('lie where each thing of monitoring has room for one', () => {
    const monitoring = readMonitoring()
    const [metric, alert] = [monitoring.metrics[0], monitoring.alerts[0]]
    if (!metric || !alert) throw new Error('nothing is declared')
    const one = renderMetric(metric)
    expect(one.content.description).toBe(`${metric.says} [${one.print}]`)
    expect(renderMetric({ ...metric, labels: [] }).print).not.toBe(one.print)
    const policy = renderAlert(alert)
    expect(policy.content.userLabels).toEqual({ app: 'charaforge-backend', declared: policy.print })
    expect(renderAlert({ ...alert, severity: 'WARNING' }).print).not.toBe(policy.print)
    const { content, print } = renderDashboard(monitoring)
    expect(Object.keys(content.labels as object)).toEqual(['charaforge-backend', `declared-${print}`])
  })
})
