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
    before: version('Portrait Style', 1),
    after: version('Portrait Style 2', 2),
    changedFieldPaths: ['name', 'updatedAt'],
    commitTime: new Date(writtenAtMs),
  }
  const event = documentEvent(trigger, change, { id: '4711' })
  const params = { url: trigger.url, trigger: trigger.name, messageId: '1', publishedAtMs: writtenAtMs, token: null }
  const { url, headers, body } = pushRequest(event, params)
  return { path: `${url.pathname}${url.search}`, headers, body: Buffer.from(body) }
}

function version(modelName: string, second: number): Uint8Array {
  const string = (value: string): Value => ({ type: 'string', value })
  // What is not in the registry yet is put there.
  const registered = new Map([
    ['source', string('civitai')],
    ['sourceId', string('1111')],
    ['type', string('lora')],
  ])
  const at = (writtenAtMs + second * 1000) * 1000
  return encodeDocument({
    name,
    createTime: writtenAtMs * 1000,
    updateTime: at,
    fields: new Map<string, Value>([
      ['name', string(modelName)],
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
