import { isSecretName, redactText } from '#shared/logging/redact.ts'

test.each([
  [
    'https://h/o?X-Goog-Algorithm=G&X-Goog-Signature=abc12',
    'https://h/o?X-Goog-Algorithm=G&X-Goog-Signature=[redacted]',
  ],
  [
    'https://h/o?GoogleAccessId=a@b&Expires=1&Signature=x%2By',
    'https://h/o?GoogleAccessId=[redacted]&Expires=1&Signature=[redacted]',
  ],
  ['(https://h/v0/b/x?alt=media&token=1-2-3)', '(https://h/v0/b/x?alt=media&token=[redacted]'],
  ['{"url":"https://h/?token=abc","n":1}', '{"url":"https://h/?token=[redacted]","n":1}'],
  ['x-api-key: k123, accept: */*', 'x-api-key: [redacted], accept: */*'],
  ['"Authorization": "Basic dXNlcg=="', '"Authorization": "Basic [redacted]"'],
  ['sent Bearer eyJhbGciOi.J9', 'sent Bearer [redacted]'],
  ['PUT https://h/upload?upload_id=ABg5-x&n=1 failed', 'PUT https://h/upload?upload_id=[redacted]&n=1 failed'],
  [
    'from https%3A%2F%2Fh%2Fo%3FX-Goog-Signature%3Dabc12 on',
    'from https%3A%2F%2Fh%2Fo%3FX-Goog-Signature%3D[redacted] on',
  ],
  ['<a href="/o?alt=media&amp;token=1-2">', '<a href="/o?alt=media&amp;token=[redacted]">'],
  ['https://h/cb#access_token=abc', 'https://h/cb#access_token=[redacted]'],
  ['{\\"x-api-key\\":\\"k123\\"}', '{\\"x-api-key\\":\\"[redacted]\\"}'],
  ['["x-api-key","k123"]', '["x-api-key","[redacted]"]'],
  ['Cookie: a=1; session=xyz', 'Cookie: [redacted]'],
  ['"set-cookie":"s=1; Path=/","a":1', '"set-cookie":"[redacted]","a":1'],
  ['redis://user:hunter2@host/0', 'redis://user:[redacted]@host/0'],
  ['key r8_abcdefghijklmnopqrstuvwxyz failed', 'key [redacted] failed'],
  ['-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----', '[redacted]'],
])('redacts %s', (text, shown) => {
  expect(redactText(text)).toBe(shown)
})

test.each([
  'images/raw-uploads/u1/c1.png#1700000000',
  'Bearer authentication is required.',
  'https://h/search?query=token&limit=3',
  'the token expired',
  'https://host:8080/a@b',
  'No authorization, no answer.',
  'A cookie is not needed; the key is.',
  'image/png;keyframes=2',
])('leaves %s alone', (text) => {
  expect(redactText(text)).toBe(text)
})

test('reads a long path once, whoever sends it: looking back from each of its words would take minutes', () => {
  const path = `/${'a-'.repeat(400_000)}`
  expect(redactText(path)).toBe(path)
})

test.each(['Authorization', 'x-api-key', 'apiKey', 'client_secret', 'accessToken', 'set-cookie', 'privateKey'])(
  'takes the field %s for a secret',
  (name) => {
    expect(isSecretName(name)).toBe(true)
  },
)

test.each(['job', 'tokens', 'keyHash', 'author', 'secretary'])('does not take the field %s for a secret', (name) => {
  expect(isSecretName(name)).toBe(false)
})
