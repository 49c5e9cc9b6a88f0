import { billedFor, documentCalls } from '#local/recording/document-calls.ts'
import { Recording } from '#local/recording/recording.ts'
import { storageCalls } from '#local/recording/storage-calls.ts'
import { taskCalls } from '#local/recording/task-calls.ts'

const url = (path: string) => new URL(path, 'http://127.0.0.1')

test.each([
  ['GET', '/b/x/o/a%2Fb', ['storage.objects.get bucket:x']],
  ['GET', '/download/storage/v1/b/x/o/a?alt=media', ['storage.objects.get bucket:x']],
  ['GET', '/storage/v1/b/x/o?prefix=a', ['storage.objects.list bucket:x']],
  ['GET', '/b/x', ['storage.buckets.get bucket:x']],
  ['GET', '/b/x/o/a?projection=full', ['storage.objects.get bucket:x', 'storage.objectAccessControls bucket:x']],
  [
    'POST',
    '/upload/storage/v1/b/x/o?uploadType=resumable&ifGenerationMatch=0',
    ['storage.objects.insert only new bucket:x'],
  ],
  ['POST', '/resumable/upload/storage/v1/b/x/o?ifGenerationMatch=7', ['storage.objects.insert may replace bucket:x']],
  ['PUT', '/upload/storage/v1/b/x/o?upload_id=1', []],
  ['POST', '/b/x/o/a/compose?ifGenerationMatch=0', ['storage.objects.compose only new bucket:x']],
  [
    'POST',
    '/b/x/o/a/rewriteTo/b/y/o/c',
    ['storage.objects.get bucket:x', 'storage.objects.rewrite may replace bucket:y'],
  ],
  ['PATCH', '/b/x/o/a', ['storage.objects.patch bucket:x']],
  ['DELETE', '/b/x/o/a', ['storage.objects.delete bucket:x']],
  ['POST', '/b/x/o/a/acl', ['storage.objectAccessControls bucket:x']],
  ['GET', '/v0/b/x/o/a?alt=media&token=1', []],
  ['GET', '/x/a', []],
  ['GET', '/x/a/b?X-Goog-Signature=1', ['storage.objects.get bucket:x']],
  ['POST', '/x/a?X-Goog-Signature=1', ['storage.objects.insert may replace bucket:x']],
])('%s %s is a call of the API, or takes no permission', (method, path, expected) => {
  const calls = storageCalls({ method, url: url(path) })
  expect(calls.map((call) => [call.method, call.variant, call.on].filter((part) => part !== null).join(' '))).toEqual(
    expected,
  )
})

test('a commit is one call for each kind of write, and a read may begin a transaction', () => {
  const writes = [
    { delete: 'a' },
    { update: {}, currentDocument: { exists: true } },
    { update: {}, currentDocument: { updateTime: '2026-01-01T00:00:00Z' } },
    { update: {}, currentDocument: { exists: false } },
    { update: {} },
  ]
  expect(documentCalls('Commit', { writes }).map(({ variant }) => variant)).toEqual([
    'delete',
    'update',
    'update',
    'create',
    'set',
  ])
  expect(documentCalls('Commit', {})).toMatchObject([{ variant: 'nothing' }])
  expect(documentCalls('RunQuery', { newTransaction: {} }).map(({ method }) => method)).toEqual([
    'firestore.RunQuery',
    'firestore.BeginTransaction',
  ])
})

test('reads are billed where nothing is found too, deletions apart from writes', () => {
  expect(billedFor('RunQuery', {}, [{ readTime: 'now' }])).toMatchObject({ reads: 1 })
  expect(billedFor('RunQuery', {}, [{ document: '' }, { document: '' }, {}])).toMatchObject({ reads: 2 })
  expect(billedFor('BatchGetDocuments', {}, [{ missing: 'a' }, { found: '' }, { transaction: '' }])).toMatchObject({
    reads: 2,
  })
  expect(billedFor('Commit', { writes: [{ delete: 'a' }, {}] }, [{}])).toEqual({ reads: 0, writes: 1, deletes: 1 })
})

test('a task that carries a token is made in the name of its account', () => {
  const task = { httpRequest: { oidcToken: { serviceAccountEmail: 'tasks@p.iam.gserviceaccount.com' } } }
  const body = Buffer.from(JSON.stringify({ task }))
  const path = '/v2/projects/p/locations/l/queues/api/tasks'
  expect(taskCalls({ method: 'POST', url: url(path), body }).map(({ method, on }) => `${method} ${on}`)).toEqual([
    'cloudtasks.tasks.create queue:api',
    'iam.serviceAccounts.actAs account:tasks',
  ])
})

test('an instance is busy while at least one request is under way', () => {
  const recording = new Recording('api')
  const times = [
    [0, 1000],
    [500, 1500],
    [600, 700],
    [4000, 4250],
  ] as const
  for (const [startMs, endMs] of times) recording.served.push({ path: '/', startMs, endMs })
  expect(recording.busySeconds()).toBeCloseTo(1.75)
})
