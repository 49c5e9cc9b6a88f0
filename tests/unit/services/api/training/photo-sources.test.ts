import { reservationsOf, uploadedPhotos } from '../../../../../services/api/training/photo-uploads.ts'
import { trainerInput } from '../../../../../services/api/training/trainer-input.ts'

const options = {
  triggerWord: 'ohwx',
  steps: 1500,
  learningRate: 1e-4,
  batchSize: 2,
  resolution: '512,768,1024',
  loraRank: 32,
  autocaption: false,
  autocaptionPrefix: 'a photo of ohwx, ',
  captionDropoutRate: 0.1,
  optimizer: 'prodigy',
}

test('options reach the trainer in its own words, and the resolution as a string', () => {
  expect(trainerInput(options, 'https://zip')).toEqual({
    input_images: 'https://zip',
    trigger_word: 'ohwx',
    steps: 1500,
    learning_rate: 1e-4,
    batch_size: 2,
    resolution: '512,768,1024',
    lora_rank: 32,
    autocaption: false,
    autocaption_prefix: 'a photo of ohwx, ',
    caption_dropout_rate: 0.1,
    optimizer: 'prodigy',
  })
})

test('what is not chosen is left to the trainer', () => {
  expect(trainerInput({ ...options, autocaptionPrefix: null }, 'https://zip')).not.toHaveProperty('autocaption_prefix')
})

test('room for uploads is given back by the keys under which it was taken', () => {
  const photo = (name: string) => ({ name, generation: '1', sizeBytes: 1 })
  const photos = [photo('training-uploads/a.b/c/k3v7q2m5x4wz6a2b7c5d.jpg'), photo('training-uploads/u/abc.webp')]
  expect(reservationsOf({ kind: 'uploads', photos })).toEqual(['k3v7q2m5x4wz6a2b7c5d', 'abc'])
  expect(reservationsOf({ kind: 'zip', url: 'https://x/photos.zip' })).toEqual([])
})

test('an upload is read only when its turn comes, at the generation that was asked for', async () => {
  const reads: string[] = []
  const store = {
    read: async ({ name }: { name: string }, { generation }: { generation: string }) => {
      reads.push(`${name}#${generation}`)
      return Buffer.from(name)
    },
  }
  const uploads = ['a.jpg', 'b.jpg'].map((name, index) => ({ name, generation: String(index), sizeBytes: 1 }))
  const photos = uploadedPhotos({ store, bucket: 'work', maxPhotoBytes: 10 }, uploads)
  const first = photos.next().value
  expect(reads).toEqual([])
  await first?.read()
  expect(reads).toEqual(['a.jpg#0'])
})
