import { predictionOwner, readPredictionOwner } from '#shared/generations/prediction-owner.ts'
import { readWebhookUrl, webhookUrl } from '#shared/replicate/webhook-url.ts'

test.each([
  ['abcdefghij', 0],
  ['abcdefghij-samples', 12],
  ['with.a.dot', 3],
])('the prediction of %s, prompt %i is told by its webhook', (generationId, index) => {
  const url = webhookUrl('https://hooks.example.com', predictionOwner(generationId, index))
  const owner = readWebhookUrl(url)
  expect(owner && readPredictionOwner(owner)).toEqual({ generationId, index })
})

test.each([
  { kind: 'training', jobId: 'abcdefghij.0' },
  { kind: 'prediction', jobId: 'abcdefghij' },
  { kind: 'prediction', jobId: '.0' },
  { kind: 'prediction', jobId: 'abc.-1' },
  { kind: 'prediction', jobId: 'abc.1e3' },
] as const)('$kind $jobId is no prediction of a generation', (owner) => {
  expect(readPredictionOwner(owner)).toBeNull()
})
