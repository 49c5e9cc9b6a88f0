import { localProject } from '#local/cloud.ts'
import { encodeDocument } from '#local/documents/storage/document.ts'
import type { Value } from '#local/documents/values/value.ts'
import { documentEvent } from '#local/events/outgoing-event.ts'
import { pushRequest } from '#local/events/push-request.ts'
import { serviceTable } from '#local/services.ts'
import type { PostRequest } from './http-bytes.ts'

const name = `projects/${localProject}/databases/(default)/documents/ai_models/model-1`
const writtenAtMs = Date.UTC(2026, 0, 1)

/** A write to a model that asks for nothing, as Eventarc delivers it (protobuf): most of what model sync gets. */
export function ignoredModelEvent(): PostRequest {
  const [trigger] = serviceTable.find((service) => service.name === 'model-sync')?.triggers('http://127.0.0.1') ?? []
  if (trigger === undefined || !('documentPattern' in trigger)) throw new Error('Model sync listens to no documents.')
  const change = {
    name,
    before: version('https://images.example.com/1.png', 1),
    after: version('https://images.example.com/2.png', 2),
    changedFieldPaths: ['coverMediaUrl', 'updatedAt'],
    commitTime: new Date(writtenAtMs),
  }
  const event = documentEvent(trigger, change, { id: '4711' })
  const params = { url: trigger.url, trigger: trigger.name, messageId: '1', publishedAtMs: writtenAtMs, token: null }
  const { url, headers, body } = pushRequest(event, params)
  return { path: `${url.pathname}${url.search}`, headers, body: Buffer.from(body) }
}

function version(coverMediaUrl: string, second: number): Uint8Array {
  const string = (value: string): Value => ({ type: 'string', value })
  // One that the registry does not find as it is asks for that.
  const words = ['portrait', 'style', '1111'].map(string)
  const registered = new Map<string, Value>([
    ['source', string('civitai')],
    ['sourceId', string('1111')],
    ['sourceVersionId', string('2222')],
    ['type', string('lora')],
    ['base', string('flux')],
    ['key', string('civitai:1111@2222')],
    ['owner', string('')],
    ['words', { type: 'array', values: words }],
    ['popularity', { type: 'integer', value: 0n }],
  ])
  const at = (writtenAtMs + second * 1000) * 1000
  return encodeDocument({
    name,
    createTime: writtenAtMs * 1000,
    updateTime: at,
    fields: new Map<string, Value>([
      ['name', string('Portrait Style')],
      ['coverMediaUrl', string(coverMediaUrl)],
      ['registry', { type: 'map', fields: registered }],
      ['type', string('lora')],
      ['engine', string('huggingface')],
      ['hf_id', string('black-forest-labs/FLUX.1-dev')],
      ['civitaiModelId', string('1111')],
      ['versionId', string('2222')],
      ['baseModel', string('Flux.1 D')],
      ['triggerWords', { type: 'array', values: [string('portrait'), string('style')] }],
      ['userId', { type: 'null' }],
      ['updatedAt', { type: 'timestamp', seconds: Math.floor(at / 1_000_000), nanos: 0 }],
      ['syncStatus', string('synced')],
      ['gcsUri', string('gs://charaforge-local-models/models/Portrait_Style/2222.safetensors')],
    ]),
  })
}
