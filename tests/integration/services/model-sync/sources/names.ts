import { type SourceCase, weights } from './source-case.ts'

const ofName = (title: string, name: string, uri: RegExp): SourceCase => ({
  title: `a model whose name is ${title}`,
  add({ fileHost }) {
    const file = fileHost.add({ content: weights(20_000) })
    return { fields: { sourceUrl: fileHost.locationOf(file), name }, objects: { '': file.sha256 }, uri }
  },
})

/** One part after `models/`, and the version after it. */
const segment = (pattern: string) =>
  new RegExp(`^gs://models-bucket/models/${pattern}/[0-9a-f]{12}\\.safetensors$`, 'u')

/** Names as people type them. */
export const nameCases: SourceCase[] = [
  ofName('plain', 'My first model', segment('My_first_model')),
  ofName('in another script', 'Ангел 天使 v2', segment('Ангел_天使_v2')),
  ofName('200 emoji', '🧙'.repeat(200), segment('🧙{200}')),
  ofName('500 emoji', '🧙'.repeat(500), segment('🧙+-[0-9a-f]{8}')),
  ofName('a path', '../../etc/passwd', segment('\\.\\._\\.\\._etc_passwd-[0-9a-f]{8}')),
  ofName('only dots', '..', segment('__-[0-9a-f]{8}')),
  ofName('full of slashes', '///a\\b', segment('___a_b-[0-9a-f]{8}')),
  ofName('full of control characters', 'a\u0000b\r\nc\u202e', segment('a_b__c_-[0-9a-f]{8}')),
  ofName('a pattern of gsutil', 'cats[1]*?#2', segment('cats_1____2-[0-9a-f]{8}')),
  ofName('nothing but spaces', '   ', segment('source-[0-9]+')),
]
