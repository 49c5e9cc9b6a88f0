import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import * as grpc from '@grpc/grpc-js'
import { crc32c } from '@node-rs/crc32'
import protobuf from 'protobufjs'
import { accessSecretVersion } from '#shared/secrets/secret-manager.ts'

// Google's client over real gRPC to a loopback server that knows AccessSecretVersion, with the client's own descriptors.
interface Version {
  data?: string
  dataCrc32c?: number
  fault?: grpc.status
}

const versions = new Map<string, Version>()
const require = createRequire(import.meta.url)
let server: grpc.Server
let client: SecretManagerServiceClient

beforeAll(async () => {
  process.env.METADATA_SERVER_DETECTION = 'none'
  const packageRoot = dirname(dirname(dirname(require.resolve('@google-cloud/secret-manager'))))
  const root = protobuf.Root.fromJSON(require(join(packageRoot, 'build/protos/protos.json')))
  const request = root.lookupType('google.cloud.secretmanager.v1.AccessSecretVersionRequest')
  const response = root.lookupType('google.cloud.secretmanager.v1.AccessSecretVersionResponse')
  server = new grpc.Server()
  server.addService(
    {
      accessSecretVersion: {
        path: '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion',
        requestStream: false,
        responseStream: false,
        requestDeserialize: (bytes: Buffer) => request.toObject(request.decode(bytes)),
        requestSerialize: () => Buffer.alloc(0),
        responseDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (message: object) => Buffer.from(response.encode(response.fromObject(message)).finish()),
      },
    },
    {
      accessSecretVersion: (
        call: grpc.ServerUnaryCall<{ name: string }, object>,
        answer: grpc.sendUnaryData<object>,
      ) => {
        const version = versions.get(call.request.name) ?? { fault: grpc.status.NOT_FOUND }
        if (version.fault !== undefined) return answer({ code: version.fault, details: 'as the test wants' })
        const data = Buffer.from(version.data ?? '')
        answer(null, {
          name: call.request.name,
          payload: { data, dataCrc32c: version.dataCrc32c ?? crc32c(data) },
        })
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  client = new SecretManagerServiceClient({
    servicePath: '127.0.0.1',
    port,
    sslCreds: grpc.credentials.createInsecure() as never, // The client's own copy of grpc-js declares the type anew.
    projectId: 'p',
  })
})

afterAll(async () => {
  await client.close()
  server.forceShutdown()
})

const name = (secret: string) => `projects/p/secrets/${secret}/versions/latest`

test("reads a secret's version and drops the newline behind it", async () => {
  versions.set(name('key'), { data: 'clé-0123\n' })
  await expect(accessSecretVersion(name('key'), client)).resolves.toBe('clé-0123')
})

test.each([
  [grpc.status.PERMISSION_DENIED, 'secret.denied', false],
  [grpc.status.NOT_FOUND, 'secret.missing', false],
  [grpc.status.FAILED_PRECONDITION, 'secret.missing', false],
  [grpc.status.INTERNAL, 'secret.unavailable', true],
])('translates status %d to %s', async (fault, code, retryable) => {
  versions.set(name('faulty'), { fault })
  await expect(accessSecretVersion(name('faulty'), client)).rejects.toMatchObject({
    code,
    retryable,
    message: expect.stringContaining(name('faulty')),
  })
})

test('does not hand on a value whose checksum is wrong', async () => {
  versions.set(name('damaged'), { data: 'key', dataCrc32c: 1 })
  await expect(accessSecretVersion(name('damaged'), client)).rejects.toMatchObject({ code: 'secret.unavailable' })
})
