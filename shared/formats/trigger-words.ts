import { safeText } from './safe-text.ts'

const maxWords = 10
const maxWordBytes = 80
/** What a trainer's author has written down as such; the first that is there counts. */
const statedIn = ['modelspec.trigger_phrase', 'ss_trigger_words', 'trigger_words', 'trigger_word']

/** A trigger word is in (nearly) all captions of its pictures; what describes a picture is in some. */
const minShare = 0.8
/** Below this, "in all of them" says nothing. */
const minPictures = 3
/** Taggers write these of most pictures of people, whatever was trained. */
const generic = new Set([
  '1girl',
  '1boy',
  '1other',
  'solo',
  'looking at viewer',
  'simple background',
  'white background',
])

/**
 * The words that call up what was trained, at most ten. Those that the file states (`modelspec.trigger_phrase`, by commas); else,
 * from Kohya's `ss_tag_frequency`, the tags in at least 80 % of the captions of one of the training folders, without the generic
 * ones, the most frequent first.
 */
export function triggerWords(metadata: ReadonlyMap<string, string>): string[] {
  for (const key of statedIn) {
    const words = unique((metadata.get(key) ?? '').slice(0, 4096).split(/[,;\n]/))
    if (words.length > 0) return words
  }
  return unique(frequentTags(metadata))
}

function unique(texts: readonly string[]): string[] {
  const words = new Map<string, string>()
  for (const text of texts) {
    const word = safeText(text, maxWordBytes)
    // Cut means that it was a caption and no word; an object's or array's text means a trainer's own notation.
    if (word === '' || Buffer.byteLength(text.trim()) > maxWordBytes || /^[[{]/.test(word)) continue
    if (!words.has(word.toLowerCase())) words.set(word.toLowerCase(), word)
    if (words.size === maxWords) break
  }
  return [...words.values()]
}

/** `{"10_folder": {"tag": count}}`, beside `{"10_folder": {"img_count": n}}` in `ss_dataset_dirs`. */
function frequentTags(metadata: ReadonlyMap<string, string>): string[] {
  // A Map: both lists are foreign, and looking one up in the other by hand would take as long as their author likes.
  const pictures = new Map(entries(parsed(metadata.get('ss_dataset_dirs'))))
  const totals = new Map<string, number>()
  for (const [folder, tags] of entries(parsed(metadata.get('ss_tag_frequency')))) {
    const counts = entries(tags).filter((one): one is [string, number] => isCount(one[1]))
    const highest = counts.reduce((most, [, count]) => Math.max(most, count), 0)
    const pictureCount = pictureCountOf(pictures.get(folder))
    // A tag can't be in more captions than there are pictures: then the count is another trainer's and means something else.
    const captions = Math.max(pictureCount ?? 0, highest)
    if (captions < minPictures) continue
    for (const [tag, count] of counts) {
      const word = tag.trim()
      if (count < captions * minShare || generic.has(word.toLowerCase().replaceAll('_', ' '))) continue
      totals.set(word, (totals.get(word) ?? 0) + count)
    }
  }
  return [...totals].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([word]) => word)
}

function pictureCountOf(folder: unknown): number | null {
  if (typeof folder !== 'object' || folder === null || !('img_count' in folder)) return null
  return isCount(folder.img_count) ? folder.img_count : null
}

/** Broken JSON is no news in metadata, and no reason to refuse a model. */
function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? 'null')
  } catch {
    return null
  }
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
