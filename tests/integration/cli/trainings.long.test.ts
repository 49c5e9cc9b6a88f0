import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { drawDemoPhotos } from '#local/app/demo-photos.ts'
import { localBuckets, localProject } from '#local/environment.ts'
import { localUser } from '#local/identity/local-user.ts'
import { freePort, type ServiceProcess, startService } from '#local/service-process.ts'
import { startTemporaryCloud, type TemporaryCloud } from '#local/temporary-cloud.ts'
import { createStorage } from '#shared/objects/storage.ts'
import { connectFirestore } from '../../support/documents.ts'
import { forge, forgeHere } from '../../support/forge.ts'
import { until } from '../../support/until.ts'

let temporary: TemporaryCloud
let photos: string
let services: ServiceProcess[]
let env: Record<string, string>

beforeAll(async () => {
  temporary = await startTemporaryCloud({ timeScale: 10 })
  const { cloud, dataDir } = temporary
  photos = join(dataDir, 'photos')
  await drawDemoPhotos(photos)
  const ports = { api: await freePort(), 'replicate-webhook': await freePort() }
  const urlOf = (name: keyof typeof ports) => `http://127.0.0.1:${ports[name]}`
  const environmentOf = (name: keyof typeof ports) => ({
    ...cloud.environmentFor(urlOf(name)),
    ...cloud.trainingEnvironment(urlOf('replicate-webhook')),
    TRAINING_COOLDOWN_MS: '0',
    TRAINING_POLL_MS: '200',
  })
  const start = (name: keyof typeof ports) => {
    const env = { PATH: process.env.PATH, LOG_LEVEL: 'error', ...environmentOf(name) }
    return startService({ name, port: ports[name], env, output: 'stderr' })
  }
  services = await Promise.all([start('api'), start('replicate-webhook')])
  env = { ...environmentOf('api'), FORGE_API_URL: urlOf('api'), FORGE_DATA_DIR: dataDir }
})

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()))
  await temporary.close()
})

const run = (...args: string[]) => forgeHere(args, env)

test('photos of a folder become a model, pictures are made with it, and a purge leaves nothing of either', async () => {
  const trained = await run(
    'train',
    photos,
    '--name',
    'Ana',
    '--type',
    'woman',
    '--steps',
    '100',
    '--rank',
    '2',
    '--json',
  )
  expect(trained).toMatchObject({ exitCode: 0, stderr: '' })
  const records = trained.records()
  expect(records[0]).toMatchObject({ type: 'progress', stage: 'upload', status: 'uploading' })
  const end = records.at(-1) as { trainingId: string; model: { gcsUri: string } }
  const { trainingId } = end
  expect(records).toContainEqual({
    type: 'request',
    trainingId,
    photos: 6,
    sizeBytes: expect.any(Number),
    reused: false,
  })
  expect(end).toMatchObject({
    type: 'end',
    state: 'succeeded',
    code: null,
    model: { id: trainingId, triggerWord: 'ohwx', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    samples: [{ url: expect.stringMatching(/^http/) }, { url: expect.stringMatching(/^http/) }],
  })

  const again = await run('train', photos, '--name', 'Ana', '--type', 'woman', '--steps', '100', '--rank', '2')
  expect(again.exitCode).toBe(0)
  expect(again.stdout).toContain(`${trainingId}  was asked for with the same photos`)

  const shown = await run('trainings')
  expect(shown.stdout).toMatch(new RegExp(`^${trainingId} +succeeded +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d +Ana\\n$`))
  const one = await run('trainings', trainingId)
  expect(one.stdout).toMatch(/^ {4}SHA-256 +[0-9a-f]{64}$/m)

  const out = join(temporary.dataDir, 'pictures')
  const made = await run('generate', trainingId, '--prompt', '{trigger} at sea', '--count', '2', '--out', out, '--json')
  expect(made.records().at(-1)).toMatchObject({ type: 'end', state: 'succeeded', images: 2 })
  expect(made.records()[1]).toMatchObject({ type: 'image', prompt: 'ohwx at sea' })
  expect(await readdir(out)).toHaveLength(2)

  const dry = await run('purge', 'training', trainingId, '--dry-run')
  expect(dry.stdout).toMatch(/\(of local-user\):\n(?:.*\n)* {2}weights +1 .*KiB\n {2}pictures +4 .*KiB\n/)
  expect((await run('purge', 'training', trainingId)).exitCode).toBe(2)
  expect((await run('purge', 'training', trainingId, '--yes')).exitCode).toBe(0)
  expect((await run('trainings', trainingId)).exitCode).toBe(1)
  await expectNothingOf(localUser().uid)
  expect((await run('purge', 'user', localUser().uid, '--yes', '--json')).exitCode).toBe(0)
  expect((await run('purge', 'user', localUser().uid)).stdout).toBe('There is nothing of local-user to remove.\n')
})

test('Ctrl-C ends the watching alone; --cancel ends the training', async () => {
  const watching = forge(['train', photos, '--name', 'Bo', '--type', 'man', '--rank', '3'], { env })
  await until(async () => /queued|preparing|training/.test(watching.stdoutSoFar()))
  watching.child.kill('SIGINT')
  const { exitCode, stderr } = await watching.ended
  expect(exitCode).toBe(130)
  const [, id = ''] = /The training goes on: "forge trainings (\S+)" shows it/.exec(stderr) ?? []

  const canceled = await run('trainings', id, '--cancel')
  expect(canceled).toMatchObject({ exitCode: 0, stdout: `${id}  is being canceled\n` })
  await until(async () => (await run('trainings', id, '--json')).records()[0]?.state === 'canceled')
})

test.each(['api', 'replicate-webhook'])('the reconciler of %s is asked of the service', async (service) => {
  const serviceUrl = service === 'api' ? env.FORGE_API_URL : env.REPLICATE_WEBHOOK_URL
  const answer = await forgeHere(['reconcile', service, '--json'], { ...env, SERVICE_URL: serviceUrl ?? '' })
  expect(answer.records()).toMatchObject([{ type: 'reconciled', service, wokenJobs: 0 }])
})

test('what the api refuses is told in its words', async () => {
  const answer = await run('train', photos, '--name', 'x'.repeat(101), '--type', 'man', '--no-watch', '--json')
  expect(answer.exitCode).toBe(1)
  expect(answer.records().at(-1)).toMatchObject({ type: 'error', code: 'request.invalid' })

  const stranger = await forgeHere(['trainings', '--json'], { ...env, FORGE_TOKEN: 'no token' })
  expect(stranger.exitCode).toBe(1)
  expect(stranger.records()).toMatchObject([{ type: 'error', code: expect.stringMatching(/^[a-z]+\.[a-z-]+$/) }])
})

async function expectNothingOf(uid: string): Promise<void> {
  const storage = createStorage({ projectId: localProject })
  const db = connectFirestore(temporary.cloud.documentsHost, localProject)
  try {
    for (const bucket of Object.values(localBuckets)) {
      const [files] = await storage.bucket(bucket).getFiles()
      // Uploads of the second call, whose photos were trained already, are removed by the reconciler after a day.
      expect(files.map(({ name }) => name).filter((name) => !name.startsWith(`training-uploads/${uid}/`))).toEqual([])
    }
    for (const collection of ['trainings', 'models', 'generations', 'mail', 'jobs', 'replicate_runs']) {
      expect((await db.collection(collection).get()).size).toBe(0)
    }
  } finally {
    await db.terminate()
  }
}
