import type { VersionSpec } from '#local/civitai/catalogue.ts'
import { type SourceCase, sha256Of, weights } from './source-case.ts'

const inADay = () => new Date(Date.now() + 86_400_000)
const pickle = (text: string) => Buffer.concat([Buffer.from('80027d71002e', 'hex'), Buffer.from(text)])

/** A model of these versions, of which the file `file` of version `version` is the one that is meant. */
function ofVersions(
  title: string,
  versions: () => VersionSpec[],
  pick: { version: number; file: number; names?: (ids: { model: number; version: number; file: number }) => object },
): SourceCase {
  return {
    title,
    add(world, key) {
      const model = world.civitai.addModel({ name: key, versions: versions() })
      const version = model.versions[pick.version]!
      const file = version.files[pick.file]!
      const names = pick.names ?? (({ model, version }) => ({ civitaiModelId: `${model}`, versionId: `${version}` }))
      return {
        fields: names({ model: model.id, version: version.id, file: file.id }),
        objects: { '': file.hosted!.sha256 },
        uri: new RegExp(`/${version.id}\\.[a-z]+$`),
      }
    },
  }
}

/** Everything of CivitAI that must work. */
export const civitaiCases: SourceCase[] = [
  ofVersions('a version, beside an hf_id that is only its base', () => [{ files: [{ content: weights() }] }], {
    version: 0,
    file: 0,
    names: ({ model, version }) => ({
      engine: 'huggingface',
      hf_id: 'stabilityai/stable-diffusion-xl-base-1.0',
      civitaiModelId: `${model}`,
      versionId: `${version}`,
    }),
  }),
  ofVersions('ids that are numbers', () => [{ files: [{ content: weights() }] }], {
    version: 0,
    file: 0,
    names: ({ model, version }) => ({ civitaiModelId: model, versionId: version }),
  }),
  ofVersions('a version without its model', () => [{ files: [{ content: weights() }] }], {
    version: 0,
    file: 0,
    names: ({ version }) => ({ engine: 'CivitAI', versionId: `${version}` }),
  }),
  ofVersions(
    'a model without a version: its newest that everybody may have',
    () => [
      { earlyAccess: inADay(), files: [{ content: weights() }] },
      { files: [{ type: 'Training Data', format: 'Other' }] },
      { files: [{ content: weights() }] },
      { files: [{ content: weights() }] },
    ],
    { version: 2, file: 0, names: ({ model }) => ({ civitaiModelId: `${model}` }) },
  ),
  ofVersions(
    'safetensors before a pickle and beside training data',
    () => [
      {
        files: [
          { type: 'Training Data', format: 'Other', isPrimary: true },
          { format: 'PickleTensor', content: { kind: 'bytes', bytes: pickle('first') } },
          { content: weights() },
        ],
      },
    ],
    { version: 0, file: 2 },
  ),
  ofVersions('a file that is named', () => [{ files: [{ content: weights() }, { content: weights() }] }], {
    version: 0,
    file: 1,
    names: ({ model, version, file }) => ({
      civitaiModelId: `${model}`,
      versionId: `${version}`,
      civitaiFileId: `${file}`,
    }),
  }),
  ofVersions('a file name that leads elsewhere', () => [{ files: [{ name: '../../../evil', content: weights() }] }], {
    version: 0,
    file: 0,
  }),
  {
    title: 'a pickle, where pickles are taken',
    add({ civitai }) {
      const bytes = pickle('taken')
      const files = [{ format: 'PickleTensor', content: { kind: 'bytes', bytes } as const }]
      const { id, versions } = civitai.addModel({ versions: [{ files }] })
      return {
        fields: { civitaiModelId: String(id), versionId: String(versions[0]!.id) },
        objects: { '': sha256Of(bytes) },
        shown: { format: 'pickle' },
        uri: /\.ckpt$/,
      }
    },
  },
  ofVersions('forty parts, which are joined in two steps', () => [{ files: [{ content: weights(10_000_000) }] }], {
    version: 0,
    file: 0,
  }),
]
