import { hubListedModelSchema } from '#shared/huggingface/listed-model.ts'
import { fromHuggingFace } from '#shared/registry/hubs/from-hugging-face.ts'
import { htmlToText } from '#shared/registry/hubs/html-text.ts'
import { recommendedWeightIn } from '#shared/registry/hubs/recommended-weight.ts'
import {
  BASE_MODELS,
  type BaseModel,
  civitaiBaseModels,
  familyOf,
  huggingFaceBaseTag,
  huggingFacePipelineTag,
} from '#shared/registry/model/base-models.ts'
import { civitaiTypesOf, MODEL_TYPES, typeFromCivitai } from '#shared/registry/model/model-types.ts'
import { processorMs } from '../../../../support/processor-time.ts'

test('each string that is asked for in the name of a family is of that family', () => {
  for (const family of BASE_MODELS) {
    for (const said of civitaiBaseModels([family])) expect([said, familyOf(said)]).toEqual([said, family])
  }
  expect(civitaiBaseModels(['other'])).toEqual([])
})

test('what the Hub lists for a family is read as of that family', () => {
  const asked = BASE_MODELS.filter((family) => huggingFaceBaseTag(family) !== null)
  expect(asked.length).toBeGreaterThan(10)
  const read = asked.map((family) => {
    const repo = hubListedModelSchema.parse({ id: 'ada/x', tags: [huggingFaceBaseTag(family)] })
    return [family, fromHuggingFace(repo).baseModel]
  })
  expect(read).toEqual(asked.map((family) => [family, family]))
})

test('the pipelines that the Hub lists for a family are read as of that family, or as what it was made from', () => {
  for (const family of BASE_MODELS) {
    const tag = huggingFacePipelineTag(family)
    if (tag === null) continue
    const named = fromHuggingFace(hubListedModelSchema.parse({ id: `ada/${family}-mix`, tags: [tag] }))
    expect([family, named.baseModel]).toEqual([family, family])
  }
  const plain = fromHuggingFace(hubListedModelSchema.parse({ id: 'ada/x', tags: [huggingFacePipelineTag('pony')] }))
  expect(plain.baseModel).toBe('sdxl')
})

test.each<[said: string, family: BaseModel]>([
  ['SD 1.4', 'sd15'],
  ['SD 1.5 LCM', 'sd15'],
  ['SD 2.1 768', 'sd2'],
  ['SD 3.5 Large Turbo', 'sd3'],
  ['SDXL Lightning', 'sdxl'],
  ['Pony', 'pony'],
  ['Pony V7', 'pony7'],
  ['Illustrious', 'illustrious'],
  ['Flux.1 D', 'flux'],
  ['Flux.2 Klein 9B-base', 'flux2'],
  ['Wan Video 2.2 I2V-A14B', 'wan'],
  ['LTXV 2.3', 'ltx'],
  ['HiDream-O1', 'hidream'],
  ['Nano Banana', 'other'],
  ['Other', 'other'],
])('the base model %s is %s', (said, family) => {
  expect(familyOf(said)).toBe(family)
})

test('each word that is asked for in the name of a type is of that type', () => {
  for (const type of MODEL_TYPES) {
    for (const word of civitaiTypesOf([type])) expect([word, typeFromCivitai(word)]).toEqual([word, type])
  }
  expect(typeFromCivitai('locon')).toBe('lora')
  expect(typeFromCivitai(null)).toBe('other')
})

test.each<[html: string, text: string]>([
  ['<p>One</p><p>Two<br/>three</p>', 'One\n\nTwo\nthree'],
  ['<ul><li><p>a</p></li><li>b</li></ul>', '- a\n\n- b'],
  ['a &amp; b &lt;lora:x:0.8&gt; &#233;&#x1F600;&nbsp;&hearts;', 'a & b <lora:x:0.8> é😀 &hearts;'],
  // Entities are read once: what was written as text stays text.
  ['&amp;lt;script&amp;gt;', '&lt;script&gt;'],
  ['<script>alert("<p>")</script>after<style>p{}</style>', 'after'],
  ['<script>never closed', ''],
  ['<!-- a <p> -->x<!-- open', 'x'],
  ['a < b and I <3 it', 'a < b and I <3 it'],
  ['<a title="1 > 0" href=\'x"y\'>link</a>', 'link'],
  ['<h3 id="it\'s-you">Title</h3>text', 'Title\ntext'],
  ["<p data-x=it's>text</p>", 'text'],
  ['x<img src=a onerror=alert(1)//', 'x'],
  ['<SCRIPT >x</SCRIPT >y', 'y'],
  ['a\u202Eb\u0000c&#0;&#xD800;', 'abc\u{FFFD}\u{FFFD}'],
  ['<p>  many   spaces </p>\n\n\n\n<p>and lines</p>', 'many spaces\n\nand lines'],
  ['', ''],
])('%j is read as %j', (html, text) => {
  expect(htmlToText(html, 1000)).toBe(text)
})

test('text is cut between characters, and hostile markup takes no time', () => {
  expect(htmlToText('é'.repeat(100), 7)).toBe('ééé')
  const startedAt = processorMs()
  for (const piece of ['<', '<a ', '<!--', '&#', '<a b="', '<script>', '<a =', '< a=\n\n', ' \n ']) {
    htmlToText(piece.repeat(40_000), 20_000)
  }
  expect(processorMs() - startedAt).toBeLessThan(1500)
})

test.each<[text: string | null, weight: number | null]>([
  ['Recommended weight: 0.8', 0.8],
  ['recommended LoRA strength is 0.6-0.8', 0.7],
  ['Use weight of 1', 1],
  ['strength: 0,75', 0.75],
  ['weight: 0.6 to 1.0', 0.8],
  ['weight: 150', null],
  ['weight: 0', null],
  ['a weightless style', null],
  ['4 weights', null],
  [null, null],
])('%j recommends %j', (text, weight) => {
  expect(recommendedWeightIn(text)).toBe(weight)
})
