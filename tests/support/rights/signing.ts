import { createSign, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { ApiCall } from '#local/recording/recording.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))
const email = 'charaforge-api@charaforge-local.iam.gserviceaccount.com'
const SIGN = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):signBlob$/

/** What Cloud Run is to a service without a key: the metadata server that names its account, and the API that signs for it. */
export interface Signing {
  /** For the bucket server, which checks the signatures. */
  publicKey: string
  calls: readonly ApiCall[]
  env: Record<string, string>
  close(): Promise<void>
}

/** The service reaches the API by its real name: through a proxy, with a certificate that it is told to trust. */
export async function startSigning(): Promise<Signing> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const calls: ApiCall[] = []
  const api = createHttps(
    { key: readFileSync(fixture('iamcredentials.key.pem')), cert: readFileSync(fixture('iamcredentials.crt.pem')) },
    answering(async (request) => {
      const [, account = ''] = SIGN.exec(decodeURIComponent(request.url ?? '')) ?? []
      const { payload } = JSON.parse(await textOf(request)) as { payload: string }
      calls.push({ method: 'iamcredentials.signBlob', variant: null, on: `account:${account.split('@')[0]}` })
      const signature = createSign('RSA-SHA256').update(Buffer.from(payload, 'base64')).sign(privateKey, 'base64')
      return { keyId: 'test', signedBlob: signature }
    }),
  )
  const proxy = createHttp((_request, response) => response.writeHead(501).end())
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    if (request.url !== 'iamcredentials.googleapis.com:443') {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    api.emit('connection', socket)
  })
  const metadata = createHttp(
    answering(async ({ url = '' }) => {
      if (url.includes('/token')) return { access_token: 'local', expires_in: 3600, token_type: 'Bearer' }
      if (url.includes('/email')) return email
      return url.includes('universe') ? 'googleapis.com' : 'computeMetadata/'
    }),
  )
  const proxyPort = await listen(proxy)
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    calls,
    env: {
      GOOGLE_APPLICATION_CREDENTIALS: '',
      METADATA_SERVER_DETECTION: 'assume-present',
      GCE_METADATA_HOST: `127.0.0.1:${await listen(metadata)}`,
      HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`,
      // Google's libraries send plain HTTP that way too.
      NO_PROXY: '127.0.0.1',
      NODE_EXTRA_CA_CERTS: fixture('iamcredentials.crt.pem'),
    },
    async close() {
      for (const server of [proxy, metadata]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
      api.closeAllConnections()
    },
  }
}

function answering(answer: (request: IncomingMessage) => Promise<object | string>): RequestListener {
  return (request, response) => {
    void answer(request).then((body) => {
      const isText = typeof body === 'string'
      response.setHeader('content-type', isText ? 'application/text' : 'application/json')
      response.setHeader('metadata-flavor', 'Google').end(isText ? body : JSON.stringify(body))
    })
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
