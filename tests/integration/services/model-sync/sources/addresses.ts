import { hostedSha256, type SourceCase, weights } from './source-case.ts'

const training = {
  ss_base_model_version: 'sdxl_base_v1-0',
  'modelspec.trigger_phrase': 'pxlprtrt',
}

/** Files at addresses, and what the files say of themselves. */
export const addressCases: SourceCase[] = [
  {
    title: 'an address, the SHA-256 unknown',
    add({ fileHost }) {
      const file = fileHost.add({ content: weights(), fileName: 'any.safetensors' })
      return { fields: { sourceUrl: fileHost.locationOf(file) }, objects: { '': file.sha256 } }
    },
  },
  {
    title: 'an address, the SHA-256 known, in capitals',
    add({ fileHost }) {
      const file = fileHost.add({ content: weights() })
      return {
        fields: { sourceUrl: fileHost.locationOf(file), sourceSha256: ` ${file.sha256.toUpperCase()}` },
        objects: { '': file.sha256 },
      }
    },
  },
  {
    title: 'an address that redirects to a storage, as the hubs’ own links to files do',
    add(world, key) {
      const files = [{ path: `${key}.safetensors`, content: weights() }]
      const { id } = world.huggingface.addRepo({ id: `local/${key}`, files })
      return {
        fields: { sourceUrl: `${world.huggingface.url}/${id}/resolve/main/${key}.safetensors` },
        objects: { '': hostedSha256(world, `${key}.safetensors`) },
      }
    },
  },
  {
    title: 'an address whose file has another name than its bytes',
    add({ fileHost }) {
      const file = fileHost.add({ content: weights(), fileName: 'download.ckpt' })
      return {
        fields: { sourceUrl: fileHost.locationOf(file) },
        objects: { '': file.sha256 },
        uri: /\.safetensors$/,
      }
    },
  },
  {
    title: 'facts of the header, for a document that says nothing',
    add({ fileHost }) {
      const file = fileHost.add({ content: weights(200_000, training) })
      return {
        fields: { sourceUrl: fileHost.locationOf(file), baseModel: '', triggerWords: [] },
        objects: { '': file.sha256 },
        shown: {
          baseModel: 'SDXL 1.0',
          triggerWords: ['pxlprtrt'],
          format: 'safetensors',
          dtype: 'F16',
          parameterCount: expect.any(Number),
        },
      }
    },
  },
  {
    title: 'what the document says itself stays as it is',
    add({ fileHost }) {
      const file = fileHost.add({ content: weights(200_000, training) })
      const own = { baseModel: 'Pony', triggerWords: ['mine', 'too'], tags: ['a'] }
      return { fields: { sourceUrl: fileHost.locationOf(file), ...own }, objects: { '': file.sha256 }, shown: own }
    },
  },
]
