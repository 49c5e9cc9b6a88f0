import { parseCivitaiReference } from '#shared/civitai/reference.ts'

const options = { baseUrl: 'http://127.0.0.1:8126' }
const none = { modelId: null, versionId: null, fileId: null, choice: {} }

test.each<[text: string, reference: object]>([
  ['123', { modelId: '123' }],
  [' 123@456 ', { modelId: '123', versionId: '456' }],
  ['<123@456+789>.', { modelId: '123', versionId: '456', fileId: '789' }],
  ['https://civitai.com/models/123', { modelId: '123' }],
  ['https://civitai.com/models/123/a-slug?modelVersionId=456#about', { modelId: '123', versionId: '456' }],
  ['https://civitai.com/de/models/123/a-slug', { modelId: '123' }],
  ['http://www.civitai.com/models/123/', { modelId: '123' }],
  ['civitai.red/models/123', { modelId: '123' }],
  ['HTTPS://CIVITAI.GREEN/models/123', { modelId: '123' }],
  ['(https://civitai.com/models/123?modelVersionId=456).', { modelId: '123', versionId: '456' }],
  ['[a style](https://civitai.com/models/123/a_style)', { modelId: '123' }],
  ['Look: "https://civitai.com/models/123", it is nice', { modelId: '123' }],
  ['https://civitai.com/model-versions/456', { versionId: '456' }],
  ['https://civitai.com/api/v1/models/123', { modelId: '123' }],
  ['https://api.civitai.com/api/v1/model-versions/456', { versionId: '456' }],
  ['https://civitai.com/api/v1/model-versions/mini/456', { versionId: '456' }],
  ['https://civitai.com/api/download/models/456', { versionId: '456' }],
  ['https://civitai.com/api/download/models/456?fileId=789&token=secret', { versionId: '456', fileId: '789' }],
  [
    'https://civitai.com/api/download/models/456?type=Pruned%20Model&format=SafeTensor&size=pruned&fp=fp16&token=secret',
    { versionId: '456', choice: { type: 'Pruned Model', format: 'SafeTensor', size: 'pruned', fp: 'fp16' } },
  ],
  ['urn:air:flux1:lora:civitai:123@456', { modelId: '123', versionId: '456' }],
  ['urn:air:flux1:lora:civitai:123@456+789', { modelId: '123', versionId: '456', fileId: '789' }],
  ['air:sdxl:checkpoint:civitai:123', { modelId: '123' }],
  ['civitai:123@456', { modelId: '123', versionId: '456' }],
  ['urn:air:sdxl:lora:civitai:123@456.safetensors', { modelId: '123', versionId: '456' }],
  ['http://127.0.0.1:8126/models/1001', { modelId: '1001' }],
])('%j is a model', (text, reference) => {
  expect(parseCivitaiReference(text, options)).toEqual({ ...none, ...reference })
})

test.each<[text: string, says: string]>([
  ['', 'its ids as 123@456'],
  ['storybook style', 'its ids as 123@456'],
  ['12.5', 'its ids as 123@456'],
  ['-5', 'its ids as 123@456'],
  ['0', "0 can't be an id"],
  ['123@99999999999', "99999999999 can't be an id"],
  ['https://civitai.com/models/2147483648', "2147483648 can't be an id"],
  ['https://civitai.com/images/55', "this page is not a model's"],
  ['https://civitai.com/', "this page is not a model's"],
  ['https://civitai.com/models', "this page is not a model's"],
  ['https://civitai.com.example.org/models/123', 'civitai.com.example.org is not CivitAI'],
  ['https://notcivitai.com/models/123', 'notcivitai.com is not CivitAI'],
  ['https://example.org/?u=civitai.com/models/123', 'example.org is not CivitAI'],
  ['https://huggingface.co/owner/name', 'huggingface.co is not CivitAI'],
  ['http://127.0.0.1:9999/models/1001', '127.0.0.1 is not CivitAI'],
  ['urn:air:sdxl:lora:huggingface:5@6', 'it names huggingface, not CivitAI'],
])('%j is not, and a sentence says why', (text, says) => {
  let error: unknown
  try {
    parseCivitaiReference(text, options)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code: 'civitai.bad-reference', retryable: false })
  expect(String(error)).toContain(says)
})

test('a pasted token is in neither the reference nor the refusal', () => {
  const good = parseCivitaiReference('https://civitai.com/api/download/models/456?token=secret-token')
  expect(JSON.stringify(good)).not.toContain('secret')
  expect(() => parseCivitaiReference('https://civitai.com/images/1?token=secret-token')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') }),
  )
})
