import type { RepoFileSpec } from '#local/huggingface/repos.ts'
import type { RefusedModel } from '../refused-models.ts'

/** What the bounds of the world are, in bytes. */
export const maxModelBytes = 2_000_000
export const bytesPerDay = 1_500_000

const weights = (sizeBytes: number) => ({ kind: 'safetensors', sizeBytes, seed: sizeBytes }) as const

const says = (title: string, code: string, fields: Record<string, unknown>): RefusedModel => ({
  title,
  code,
  add: () => fields,
})
const ofUrl = (title: string, code: string, sourceUrl: string): RefusedModel => says(title, code, { sourceUrl })

/** A repo in which a file has such a path. */
const ofPath = (title: string, path: string): RefusedModel => ({
  title,
  code: 'model.bad-path',
  add(world, key) {
    const files: RepoFileSpec[] = ['lora.safetensors', path].map((one) => ({ path: one, content: weights(4_096) }))
    const { id } = world.huggingface.addRepo({ id: `local/${key}`, files })
    return { engine: 'huggingface', hf_id: id, allowPatterns: ['*'] }
  },
})

/** Documents that ask for what nobody can or may copy. */
export const documentRefusals: RefusedModel[] = [
  says('an engine that has no files', 'sync.unknown-engine', { engine: 'midjourney' }),
  says('an engine with a long and strange name', 'sync.unknown-engine', { engine: `${'x'.repeat(500)}\n<b>` }),
  says('no source at all', 'sync.no-source', {}),
  says('fields of other types', 'sync.no-source', { engine: 7, hf_id: ['a/b'], civitaiModelId: { id: 1 } }),
  says('no repository', 'sync.no-source', { engine: 'huggingface' }),
  says('neither model nor version', 'sync.no-source', { engine: 'civitai' }),
  says('an id with a path in it', 'civitai.bad-id', { civitaiModelId: '1', versionId: '../../v1/me' }),
  says('an id with a query in it', 'civitai.bad-id', { civitaiModelId: '1?page=2' }),
  ofPath('a path that leads out of its folder', '../../evil.safetensors'),
  ofPath('an absolute path', '/etc/evil.safetensors'),
  ofPath('a path with backslashes', '..\\evil.safetensors'),
  ofPath('a path with a control character', 'un\u0000et/evil.safetensors'),
  {
    title: 'more than a model may have, at CivitAI',
    code: 'sync.too-large',
    says: /2000001 bytes; at most 2000000/,
    add(world) {
      const files = [{ content: weights(maxModelBytes + 1) }]
      const { id, versions } = world.civitai.addModel({ versions: [{ files }] })
      return { civitaiModelId: String(id), versionId: String(versions[0]!.id) }
    },
  },
  {
    title: 'files that have more together',
    code: 'sync.too-large',
    add(world, key) {
      const files: RepoFileSpec[] = ['a', 'b'].map((name) => ({
        path: `${name}.safetensors`,
        content: weights(1_100_000),
      }))
      const { id } = world.huggingface.addRepo({ id: `local/${key}`, files })
      return { engine: 'huggingface', hf_id: id, allowPatterns: ['*'] }
    },
  },
  {
    title: 'more than a model may have, at an address',
    code: 'sync.too-large',
    add: ({ fileHost }) => ({ sourceUrl: fileHost.locationOf(fileHost.add({ content: weights(maxModelBytes + 1) })) }),
  },
  {
    title: 'more than a model may have, by a host that tells no length',
    code: 'transfer.too-large',
    add({ fileHosts }) {
      const host = fileHosts.all[1]!
      const file = host.add({ content: weights(maxModelBytes + 300_000) })
      host.shape({ ranges: false })
      host.inject({ fault: { kind: 'no-content-length' }, times: 100 })
      return { sourceUrl: host.locationOf(file), sourceSha256: file.sha256 }
    },
  },
  {
    title: 'more than a user may have in a day',
    code: 'sync.daily-cap',
    says: /1500000 bytes .* the next chance is after/,
    add: ({ fileHost }) => ({
      userId: 'somebody',
      sourceUrl: fileHost.locationOf(fileHost.add({ content: weights(bytesPerDay + 1) })),
    }),
  },
  ofUrl('no address', 'guard.url', 'civitai'),
  ofUrl('plain http', 'guard.scheme', 'http://example.com/model.safetensors'),
  ofUrl('a file of ours', 'guard.url', 'file:///etc/passwd'),
  ofUrl('a private address', 'guard.address', 'https://10.1.2.3/model.safetensors'),
  ofUrl('the metadata server', 'guard.address', 'https://169.254.169.254/computeMetadata/v1/'),
  ofUrl('a mapped address', 'guard.host', 'https://[::ffff:127.0.0.1]/model.safetensors'),
  ofUrl('an internal name', 'guard.host', 'https://metadata.google.internal/model.safetensors'),
  ofUrl('a password in it', 'guard.credentials', 'https://me:secret@example.com/model.safetensors'),
  ofUrl('another port', 'guard.port', 'https://example.com:22/model.safetensors'),
  {
    title: 'an address that leads to a private one',
    code: 'guard.scheme',
    add({ huggingface }) {
      const fault = { kind: 'status', status: 302, headers: { location: 'http://10.0.0.1/' } } as const
      huggingface.inject({ fault, times: 1, endpoint: 'whoami' })
      return { sourceUrl: `${huggingface.url}/api/whoami-v2` }
    },
  },
  {
    title: 'a SHA-256 that is none',
    code: 'url.bad-sha256',
    add: ({ fileHost }) => ({
      sourceUrl: fileHost.locationOf(fileHost.add({ content: weights(5_000) })),
      sourceSha256: 'abc',
    }),
  },
  {
    title: 'another SHA-256 than the file has',
    code: 'transfer.hash-mismatch',
    add: ({ fileHost }) => ({
      sourceUrl: fileHost.locationOf(fileHost.add({ content: weights(6_000) })),
      sourceSha256: 'c'.repeat(64),
    }),
  },
  {
    title: '0 bytes at an address',
    code: 'url.empty',
    add: ({ fileHost }) => ({
      sourceUrl: fileHost.locationOf(fileHost.add({ content: { kind: 'bytes', bytes: Buffer.alloc(0) } })),
    }),
  },
  {
    title: 'a web page at an address',
    code: 'transfer.not-a-file',
    add: ({ fileHost }) => {
      const bytes = Buffer.from('<!DOCTYPE html><html><title>Log in</title></html>')
      const file = fileHost.add({
        content: { kind: 'bytes', bytes },
        contentType: 'text/html',
        fileName: 'm.safetensors',
      })
      return { sourceUrl: fileHost.locationOf(file) }
    },
  },
  {
    title: 'a link to a file behind a gate',
    code: 'url.forbidden',
    add({ huggingface }, key) {
      const files: RepoFileSpec[] = [{ path: 'lora.safetensors', content: weights(7_000) }]
      const { id } = huggingface.addRepo({ id: `local/${key}`, files, gated: 'manual' })
      return { sourceUrl: `${huggingface.url}/${id}/resolve/main/lora.safetensors` }
    },
  },
  {
    title: 'a page that is not there',
    code: 'url.not-found',
    add: ({ huggingface }) => ({ sourceUrl: `${huggingface.url}/local/nothing/blob/main/lora.safetensors` }),
  },
  {
    title: 'nothing at an address',
    code: 'url.forbidden',
    add: ({ fileHost }) => ({ sourceUrl: `${fileHost.url}/files/99/model.safetensors` }),
  },
]
