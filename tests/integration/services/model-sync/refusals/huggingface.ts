import type { RepoFileSpec, RepoSpec } from '#local/huggingface/repos.ts'
import type { RefusedModel } from '../refused-models.ts'

const lora: RepoFileSpec = { path: 'lora.safetensors', content: { kind: 'safetensors', sizeBytes: 65_536, seed: 1 } }

/** A repo of the row's own; `more` is what else the document says. */
const ofRepo = (
  title: string,
  code: string,
  repo: Partial<Omit<RepoSpec, 'id'>>,
  more: Record<string, unknown> = {},
): RefusedModel => ({
  title,
  code,
  add(world, key) {
    const { id } = world.huggingface.addRepo({ id: `local/${key}`, files: [lora], ...repo })
    return { engine: 'huggingface', hf_id: id, ...more }
  },
})

const named = (...paths: string[]): RepoFileSpec[] => paths.map((path) => ({ ...lora, path }))

/** What Hugging Face refuses whoever asks. */
export const huggingfaceRefusals: RefusedModel[] = [
  { title: 'no such repo', code: 'huggingface.not-found', add: () => ({ engine: 'huggingface', hf_id: 'no/such' }) },
  {
    title: 'no name of a repo',
    code: 'huggingface.bad-reference',
    add: () => ({ engine: 'huggingface', hf_id: 'a/b/c/../d' }),
  },
  ofRepo('private', 'huggingface.not-found', { private: true }),
  ofRepo('taken down', 'huggingface.disabled', { disabled: true }),
  ofRepo('no such revision', 'huggingface.revision-not-found', {}, { revision: 'v9' }),
  ofRepo('no such file', 'huggingface.file-not-found', {}, { file: 'other.safetensors' }),
  ofRepo('only a readme', 'huggingface.no-weights', { files: [{ path: 'README.md', content: '# Soon' }] }),
  ofRepo('no file of the pattern', 'huggingface.no-weights', {}, { allowPatterns: ['*.gguf'] }),
  ofRepo('every file ignored', 'huggingface.no-weights', {}, { ignorePatterns: ['*'] }),
  ofRepo('several models', 'huggingface.ambiguous', { files: named('cat.safetensors', 'dog.safetensors') }),
  ofRepo('a shard is missing', 'huggingface.incomplete-shards', {
    files: named('model-00001-of-00003.safetensors', 'model-00003-of-00003.safetensors'),
  }),
]

/** Of a repo behind a gate; the sentence says what to do about it. */
export const gated = (says: RegExp): RefusedModel => ({
  ...ofRepo('behind a gate', 'huggingface.gated', { gated: 'manual' }),
  says,
})
