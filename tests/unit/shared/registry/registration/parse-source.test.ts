import { parseSource, type TypedSource } from '#shared/registry/registration/parse-source.ts'

const HUBS = { CIVITAI_BASE_URL: 'http://127.0.0.1:8101', HF_BASE_URL: 'http://127.0.0.1:8102' }

const civitai = (
  modelId: string | null,
  versionId: string | null = null,
  fileId: string | null = null,
): TypedSource => ({
  kind: 'civitai',
  reference: { modelId, versionId, fileId },
})
const hub = (repo: string, revision: string | null = null, file: string | null = null): TypedSource => ({
  kind: 'huggingface',
  reference: { repo, revision, file },
  allowPatterns: [],
  ignorePatterns: [],
})

test.each<[string, TypedSource]>([
  ['civitai:123', civitai('123')],
  ['civitai:123@456', civitai('123', '456')],
  [' CivitAI:123@456+7 ', civitai('123', '456', '7')],
  ['urn:air:sdxl:lora:civitai:123@456', civitai('123', '456')],
  ['https://civitai.com/models/123/some-name?modelVersionId=456', civitai('123', '456')],
  ['https://civitai.green/models/123', civitai('123')],
  ['https://civitai.com/api/download/models/456?fileId=7&type=Model', civitai(null, '456', '7')],
  ['http://127.0.0.1:8101/models/123', civitai('123')],
  ['hf:ann/tiny', hub('ann/tiny')],
  ['hf:gpt2', hub('gpt2')],
  ['hf:ann/tiny@v1.0:a/b.safetensors', hub('ann/tiny', 'v1.0', 'a/b.safetensors')],
  ['huggingface:ann/tiny', hub('ann/tiny')],
  ['https://huggingface.co/ann/tiny/blob/main/a.safetensors', hub('ann/tiny', 'main', 'a.safetensors')],
  ['http://127.0.0.1:8102/ann/tiny', hub('ann/tiny')],
  [
    'https://files.example.com/a.safetensors',
    { kind: 'url', url: 'https://files.example.com/a.safetensors', sha256: null },
  ],
])('%j is %j', (text, source) => {
  expect(parseSource(text, HUBS)).toEqual(source)
})

test.each([
  ['', 'registry.bad-source'],
  ['123', 'registry.bad-source'],
  ['ann/tiny', 'registry.bad-source'],
  ['ftp://files.example.com/a', 'registry.bad-source'],
  ['file:///etc/passwd', 'registry.bad-source'],
  ['civitai:', 'civitai.bad-reference'],
  ['civitai:abc', 'civitai.bad-reference'],
  ['urn:air:sdxl:lora:huggingface:123@456', 'civitai.bad-reference'],
  ['https://civitai.com/user/ann', 'civitai.bad-reference'],
  ['https://civitai.com/api/download/models/456?type=Model&format=SafeTensor', 'registry.bad-source'],
  ['hf:a/b/c', 'huggingface.bad-reference'],
  ['https://huggingface.co/datasets/ann/photos', 'huggingface.bad-reference'],
])('%j is refused as %s', (text, code) => {
  expect(() => parseSource(text, HUBS)).toThrow(expect.objectContaining({ code }))
})
