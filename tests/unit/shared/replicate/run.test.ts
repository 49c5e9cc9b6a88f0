import { readFileSync } from 'node:fs'
import { isTerminal } from '#shared/replicate/prediction.ts'
import { runSchema } from '#shared/replicate/run.ts'

type Recorded = { case: string; response: { status: number; body: object } }[]
const recorded: Recorded = JSON.parse(readFileSync('tests/fixtures/replicate/trainings.recorded.json', 'utf8'))
const bodyOf = (name: string) => recorded.find((one) => one.case === name)?.response.body

test('a recorded training that was just created says little', () => {
  expect(runSchema.parse(bodyOf('training-create-201'))).toEqual({
    id: 'wj4is6lbdqqkdepnwpr6v2kuva',
    status: 'starting',
    output: null,
    error: null,
    predictSeconds: null,
    isDataRemoved: false,
    model: 'stability-ai/sdxl',
    version: '39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b',
    input: expect.objectContaining({ use_face_detection_instead: true }),
    logsTail: null,
    createdAt: new Date('2023-08-16T19:33:26.678Z'),
    startedAt: null,
    completedAt: null,
    webhookUrl: null,
  })
})

test('a recorded training that runs, and one that was canceled before it could', () => {
  expect(runSchema.parse(bodyOf('training-get-processing-200'))).toMatchObject({
    status: 'processing',
    predictSeconds: null,
    startedAt: new Date('2023-08-16T19:33:42.114Z'),
    completedAt: null,
  })
  expect(runSchema.parse(bodyOf('training-cancel-200'))).toMatchObject({
    status: 'canceled',
    predictSeconds: 3e-6,
    startedAt: new Date('2023-08-16T19:33:27.215Z'),
    completedAt: new Date('2023-08-16T19:33:27.215Z'),
  })
})

test('nothing but the id and the status is owed', () => {
  const odd = { model: 3, version: {}, input: 'x', logs: ['a'], created_at: 5, started_at: '', webhook: false }
  const bare = runSchema.parse({ id: 'abc', status: 'succeeded' })
  expect(runSchema.parse({ id: 'abc', status: 'succeeded', ...odd })).toEqual(bare)
  expect(bare).toMatchObject({ model: null, version: null, input: {}, logsTail: null, createdAt: null })
  expect(isTerminal(bare)).toBe(true)
})

test('of long logs the end is kept, and no half character', () => {
  const logs = `${'x'.repeat(10)}😀${'y'.repeat(3999)}`
  expect(runSchema.parse({ id: 'abc', status: 'failed', logs }).logsTail).toBe('y'.repeat(3999))
  expect(runSchema.parse({ id: 'abc', status: 'failed', logs: `${logs}z`.slice(1) }).logsTail).toHaveLength(4000)
})
