import type { SyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

interface Relocation {
  hub: 'civitai' | 'huggingface'
  /** What the hub answers to the question for the second location. */
  answer: { status: number; headers?: Record<string, string>; body?: Record<string, unknown> }
  outcome: string
}

const rows: Relocation[] = [
  { hub: 'civitai', answer: { status: 502 }, outcome: 'synced' },
  { hub: 'civitai', answer: { status: 401 }, outcome: 'civitai.bad-token' },
  { hub: 'civitai', answer: { status: 403, body: { error: 'Early Access' } }, outcome: 'civitai.early-access' },
  { hub: 'huggingface', answer: { status: 500 }, outcome: 'synced' },
  {
    hub: 'huggingface',
    answer: { status: 401, headers: { 'x-error-code': 'GatedRepo' } },
    outcome: 'huggingface.gated',
  },
  {
    hub: 'huggingface',
    answer: { status: 404, headers: { 'x-error-code': 'EntryNotFound' } },
    outcome: 'huggingface.file-not-found',
  },
]

/** Locations that expire in the middle of a copy, and hubs that then don't give another as they should. */
export function relocations(worldOf: () => SyncWorld): void {
  test.each(rows.map((row, index) => ({ ...row, index, says: row.answer.status })))(
    '$says of $hub in the middle of a copy: $outcome',
    async ({ hub, answer, outcome, index }) => {
      const world = worldOf()
      const { civitai, huggingface, fileHost } = world
      const key = `relocated-${index}`
      const content = { kind: 'safetensors', sizeBytes: 900_000, seed: 9_000 + index } as const
      fileHost.inject({ fault: { kind: 'expire', atByte: 500_000 }, times: 1 })
      const fault = { kind: 'status', ...answer } as const
      const injectFault = () =>
        hub === 'civitai'
          ? civitai.inject({ fault, times: 1, endpoint: 'download' })
          : huggingface.inject({ fault, times: 1, endpoint: 'resolve' })
      // The first location has been handed out by then.
      fileHost.afterBytes(fileHost.bytesSent + 100_000, injectFault)
      const ended = await world.sync(key, { name: key, ...fieldsOf() })

      expect(ended.syncErrorCode ?? ended.syncStatus).toBe(outcome)
      for (const server of [civitai, huggingface, fileHost]) server.assertAllFired()
      const published = world.finalized.filter((name) => name.startsWith(`models/${key}/`))
      expect(published).toHaveLength(outcome === 'synced' ? 1 : 0)
      await until(async () => (await world.objects('work/')).length === 0)

      function fieldsOf() {
        if (hub === 'huggingface') {
          const files = [{ path: 'lora.safetensors', content }]
          return { engine: 'huggingface', hf_id: huggingface.addRepo({ id: `local/${key}`, files }).id }
        }
        const { id, versions } = civitai.addModel({ versions: [{ files: [{ content }] }] })
        return { civitaiModelId: String(id), versionId: String(versions[0]!.id) }
      }
    },
  )
}
