import { parseHuggingFaceReference } from '#shared/huggingface/reference.ts'

const sha = 'dd4bc8b21efa05ec961e3efc4ee5e3832a3679c7'

test.each<[text: string, repo: string, revision: string | null, file: string | null]>([
  ['owner/name', 'owner/name', null, null],
  ['  owner/name\n', 'owner/name', null, null],
  ['gpt2', 'gpt2', null, null],
  ['owner/name@dev', 'owner/name', 'dev', null],
  ['owner/name@refs/pr/1', 'owner/name', 'refs/pr/1', null],
  ['owner/name@v1.0:unet/model.safetensors', 'owner/name', 'v1.0', 'unet/model.safetensors'],
  ['owner/name:a b #1 100%.safetensors', 'owner/name', null, 'a b #1 100%.safetensors'],
  ['owner/name:a%20b@c:d', 'owner/name', null, 'a%20b@c:d'],
  ['gpt2@main:model.safetensors', 'gpt2', 'main', 'model.safetensors'],
  ['hf:owner/name', 'owner/name', null, null],
  ['HF:owner/name@x:y', 'owner/name', 'x', 'y'],
  ['huggingface:owner/name', 'owner/name', null, null],
  ['hf://owner/name', 'owner/name', null, null],
  ['hf://owner/name/unet/config.json', 'owner/name', null, 'unet/config.json'],
  ['hf://owner/name@dev/unet/config.json', 'owner/name', 'dev', 'unet/config.json'],
  ['hf://owner/name@refs%2Fpr%2F1/config.json', 'owner/name', 'refs/pr/1', 'config.json'],
  ['hf://owner/name@refs/pr/1/config.json', 'owner/name', 'refs/pr/1', 'config.json'],
  ['https://huggingface.co/owner/name', 'owner/name', null, null],
  ['https://huggingface.co/owner/name/', 'owner/name', null, null],
  ['http://www.huggingface.co/owner/name?library=diffusers#usage', 'owner/name', null, null],
  ['huggingface.co/owner/name', 'owner/name', null, null],
  ['https://hf.co/owner/name', 'owner/name', null, null],
  ['https://huggingface.co/gpt2', 'gpt2', null, null],
  ['https://huggingface.co/gpt2/blob/main/model.safetensors', 'gpt2', 'main', 'model.safetensors'],
  ['https://huggingface.co/owner/name/tree/main', 'owner/name', 'main', null],
  ['https://huggingface.co/owner/name/tree/main/unet', 'owner/name', 'main', 'unet'],
  ['https://huggingface.co/owner/name/tree/refs%2Fpr%2F1', 'owner/name', 'refs/pr/1', null],
  ['https://huggingface.co/owner/name/tree/refs/pr/1/unet', 'owner/name', 'refs/pr/1', 'unet'],
  ['https://huggingface.co/owner/name/blob/main/a%20%231.safetensors', 'owner/name', 'main', 'a #1.safetensors'],
  ['https://huggingface.co/owner/name/resolve/main/a.safetensors?download=true', 'owner/name', 'main', 'a.safetensors'],
  [`https://huggingface.co/owner/name/raw/${sha}/a/b.json`, 'owner/name', sha, 'a/b.json'],
  [`https://huggingface.co/owner/name/commit/${sha}`, 'owner/name', sha, null],
  ['https://huggingface.co/owner/name/discussions/3', 'owner/name', null, null],
  ['https://huggingface.co/api/models/owner/name', 'owner/name', null, null],
  ['https://huggingface.co/api/models/owner/name/revision/dev', 'owner/name', 'dev', null],
  ['http://127.0.0.1:8127/owner/name/blob/main/a.bin', 'owner/name', 'main', 'a.bin'],
])('%j is %s at %s, file %s', (text, repo, revision, file) => {
  expect(parseHuggingFaceReference(text, 'http://127.0.0.1:8127')).toEqual({ repo, revision, file })
})

test.each([
  '',
  ' ',
  '/',
  'a/b/c',
  'owner/',
  '/name',
  'own er/name',
  '../../whoami-v2',
  'owner/..',
  'owner/na--me',
  'owner/na..me',
  '-owner/name',
  'owner/name.',
  `owner/${'n'.repeat(97)}`,
  'owner/name@',
  'owner/name:',
  'owner/name@a b',
  'owner/name@a..b',
  'owner/name@a\u0000b',
  'owner/näme',
  'https://example.com/owner/name',
  'https://huggingface.co.example.com/owner/name',
  'https://huggingface.co/',
  'https://huggingface.co/datasets/owner/name',
  'https://huggingface.co/spaces/owner/name',
  'https://huggingface.co/owner%2Fx/name',
  'https://127.0.0.1:8127/owner/name',
])('%j names no model', (text) => {
  let thrown: unknown
  try {
    thrown = parseHuggingFaceReference(text, 'http://127.0.0.1:8127')
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'huggingface.bad-reference', retryable: false })
})
