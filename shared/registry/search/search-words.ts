import type { RegistryModel } from '../model/registry-model.ts'

/** Each is an entry of an index; this is far under what a document may have. */
const MAX_WORDS = 60
const MAX_TAGS = 20
/** Nobody types more of a word, and Firestore indexes no more than 1,500 bytes. */
const MAX_LETTERS = 40

/** The words of a text as they are compared: NFKC, lower case, letters and digits only, each once. */
export function wordsOf(text: string): string[] {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return [...new Set(words.map(cut))]
}

/** How a whole tag stands among the words: no word has such a sign. */
export function tagWord(tag: string): string {
  return `#${cut(tag.normalize('NFKC').toLowerCase().trim())}`
}

/** What a registered model is found by: the words of its name, creator, trigger words and tags, and each tag as a whole. */
export function searchWords(
  model: Pick<RegistryModel, 'name' | 'sourceId' | 'creator' | 'triggerWords' | 'tags'>,
): string[] {
  const texts = [model.name, model.sourceId, model.creator ?? '', ...model.triggerWords, ...model.tags]
  const tags = model.tags.slice(0, MAX_TAGS).map(tagWord)
  const words = new Set(texts.flatMap(wordsOf))
  return [...new Set([...[...words].slice(0, MAX_WORDS - tags.length), ...tags])]
}

/** Between two letters: half of one is no text that Firestore would keep as it is. */
function cut(text: string): string {
  return text.length <= MAX_LETTERS ? text : [...text].slice(0, MAX_LETTERS).join('')
}
