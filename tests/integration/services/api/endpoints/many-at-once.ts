import { readUsage } from '#shared/documents/quotas.ts'
import { type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'
import type { StartDocuments } from '../../../../support/documents.ts'

const resolveHost = async () => [{ address: '93.184.215.14', family: 4 }]
const training = { name: 'Ana', type: 'woman', zipUrl: 'https://files.example.com/photos.zip' }

/** Requests of one user that come all at once, at several instances, so that not only the queue of one process keeps count. */
export function manyAtOnce(documents: StartDocuments): void {
  let world: ApiWorld
  const clockMs = Date.now()

  beforeAll(async () => {
    world = await startApiWorld({ documents, now: () => clockMs })
  })
  afterAll(() => world.close())

  const startInstances = (env: Record<string, string>) =>
    Promise.all(Array.from({ length: 5 }, () => world.start(env, { resolveHost })))

  test('fifty starts against a quota of three: three begin, the others are told when to come again', async () => {
    const instances = await startInstances({ TRAININGS_PER_DAY: '3' })
    const { uid, token } = await world.signIn()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        instances[index % instances.length]!.call({ token, path: '/api/trainings', body: training }),
      ),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(3)
    expect(refused).toHaveLength(47)
    for (const { body, headers } of refused) {
      expect(body.error.code).toBe('quota.trainings')
      expect(headers.get('retry-after')).toBe('86400')
    }
    expect(Object.keys((await readUsage(null, world.db, uid)).quotas.trainings)).toHaveLength(3)
    expect((await world.db.collection('trainings').where('userId', '==', uid).get()).size).toBe(3)
    expect((await world.db.collection('jobs').where('input.userId', '==', uid).get()).size).toBe(3)
  })

  test('twenty with one key begin one training', async () => {
    const instances = await startInstances({})
    const { uid, token } = await world.signIn()
    const headers = { 'idempotency-key': 'at-once' }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        instances[index % instances.length]!.call({ token, path: '/api/trainings', body: training, headers }),
      ),
    )
    expect(answers.map(({ status, body }) => [status, body.error])).toEqual(Array(20).fill([202, undefined]))
    expect(new Set(answers.map(({ body }) => body.training.id)).size).toBe(1)
    expect(Object.keys((await readUsage(null, world.db, uid)).quotas.trainings)).toHaveLength(1)
  })
}
