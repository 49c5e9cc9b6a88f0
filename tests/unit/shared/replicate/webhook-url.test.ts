import { readWebhookUrl, webhookFields, webhookUrl } from '#shared/replicate/webhook-url.ts'

test.each([
  ['training', 'V1StGXR8_Z5jdHi6B-myT'],
  ['prediction', 'training:abc/../ä?#%'],
] as const)('the URL of a %s carries its record there and back: %s', (kind, jobId) => {
  const url = webhookUrl('https://hooks.example.test/base/', { kind, jobId })
  expect(url).toMatch(/^https:\/\/hooks\.example\.test\/base\/webhooks\/replicate\/[^/?]+\?kind=/)
  expect(readWebhookUrl(url)).toEqual({ kind, jobId })
  const { pathname, search } = new URL(url)
  expect(readWebhookUrl(`${pathname}${search}`)).toEqual({ kind, jobId })
})

test.each([
  '',
  'no url',
  'https://hooks.example.test/replicate?job=42',
  'https://hooks.example.test/webhooks/replicate/42',
  'https://hooks.example.test/webhooks/replicate/42?kind=model',
  'https://hooks.example.test/webhooks/replicate/?kind=training',
  'https://hooks.example.test/webhooks/replicate/4/2?kind=training',
  'https://hooks.example.test/webhooks/replicate/%ff?kind=training',
  // As long as that, it could be more than the document of the run has room for.
  `https://hooks.example.test/webhooks/replicate/${'4'.repeat(301)}?kind=training`,
])('%s is not ours', (url) => {
  expect(readWebhookUrl(url)).toBeNull()
})

test('a creation says where and what, or nothing', () => {
  expect(webhookFields(undefined)).toEqual({})
  expect(webhookFields({ url: 'https://x.test' })).toEqual({ webhook: 'https://x.test' })
  expect(webhookFields({ url: 'https://x.test', events: ['completed'] })).toEqual({
    webhook: 'https://x.test',
    webhook_events_filter: ['completed'],
  })
})
