import { stagesOf, useFinishWorld } from './finish-world.ts'

const world = useFinishWorld()

describe('a run that makes nothing', () => {
  test.each([
    [{ kind: 'failed', error: 'CUDA: secret path /src' }, 'training.failed-at-replicate'],
    [{ kind: 'canceled' }, 'training.canceled-at-replicate'],
    [{ kind: 'aborted' }, 'training.aborted-at-replicate'],
    [{ kind: 'data-removed' }, 'training.output-gone'],
    [{ kind: 'output', output: null }, 'training.output-gone'],
    [
      { kind: 'output', output: { version: 'no version', weights: 'https://replicate.delivery/x.tar' } },
      'training.bad-output',
    ],
    [{ kind: 'output', output: ['what is this'] }, 'training.bad-output'],
  ] as const)('%j ends the training as %s, refunded and told once', async (fault, code) => {
    const { id, runId } = await world.begin({ fault })
    const training = await world.finish(id)
    expect(training).toMatchObject({ status: 'failed', stage: 'training', error: { code } })
    expect(training.error?.message).not.toContain('CUDA')
    const mails = await world.mails(id)
    expect(mails).toHaveLength(1)
    expect(mails[0]?.message.text).toContain(training.error?.message)
    expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
    expect(await world.objects(id)).toEqual([])
    expect(await world.model(id)).toBeUndefined()
    // Nothing is left to be canceled.
    expect(await world.cancelJob(runId)).toBeNull()
    expect(stagesOf(world).at(-1)).toBe('training failed')
  })
})

describe('weights', () => {
  const other = 'https://weights.example.com/trained_model.tar'
  test.each([
    [{ kind: 'output', output: { version: `a/b:${'0'.repeat(64)}`, weights: other } }, 'replicate.bad-output'],
    [
      { kind: 'output', output: { version: `a/b:${'0'.repeat(64)}`, weights: 'http://169.254.169.254/x.tar' } },
      'replicate.bad-output',
    ],
    [{ kind: 'truncated-weights' }, 'training.weights-damaged'],
    ...(['traversal', 'absolute', 'symlink', 'two-weights', 'no-weights', 'not-a-tar'] as const).map(
      (how) => [{ kind: 'hostile-archive', how }, 'training.weights-damaged'] as const,
    ),
  ] as const)('%j end the training as %s, and nothing of them is kept', async (fault, code) => {
    const { id } = await world.begin({ fault })
    const fetchesBefore = world.requests('output')
    expect(await world.finish(id)).toMatchObject({ status: 'failed', stage: 'completion', error: { code } })
    expect(await world.objects(id)).toEqual([])
    expect(world.finalized.filter((name) => name.startsWith('trained/'))).toEqual([])
    expect(await world.mails(id)).toHaveLength(1)
    expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
    if (code === 'training.weights-damaged') expect(world.requests('output') - fetchesBefore).toBeGreaterThanOrEqual(2)
    else expect(world.requests('output')).toBe(fetchesBefore)
  })
})

test('an end whose mail nobody can write ends the training without it, refunded', async () => {
  const failed = { kind: 'failed', error: 'no' } as const
  // Subject, text and page name it: too much for one document.
  const { id } = await world.begin({ fault: failed, change: { name: 'n'.repeat(600_000) } })
  expect(await world.finish(id)).toMatchObject({ status: 'failed', error: { code: 'training.failed-at-replicate' } })
  expect(await world.mails(id)).toEqual([])
  expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
  const failure = { code: 'training.failed-at-replicate', told: 'status' }
  expect(await world.job(id)).toMatchObject({ state: 'failed', failure })
})
