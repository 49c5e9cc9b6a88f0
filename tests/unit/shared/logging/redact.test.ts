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
])('leaves %s alone', (text) => {
  expect(redactText(text)).toBe(text)
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
