import type { Answer } from '../stand-in-answer.ts'
import type { Account } from './account.ts'
import { redirectAnswer, textAnswer } from './answer.ts'
import { isPublic } from './api-objects.ts'
import type { Catalogue, StoredFile, StoredVersion } from './catalogue.ts'
import { type FilePreferences, pickPrimary } from './primary.ts'
import { Refusal } from './refusal.ts'

export interface DownloadContext {
  catalogue: Catalogue
  account: Account
  /** Of every signed-in account. */
  preferences: FilePreferences
  locationOf(file: NonNullable<StoredFile['hosted']>): string
  now: () => number
}

export interface DownloadRequest {
  versionId: number
  query: URLSearchParams
  token: string | null
  userAgent: string
}

/** In any case and even inside a word (contract §1). */
const BROWSER_WORDS = /mozilla|chrome|safari|firefox|opera|edge/i

/** `GET /api/download/models/{versionId}`: a redirect to the storage, or one of the refusals of contract §5. */
export function answerDownload(context: DownloadContext, request: DownloadRequest): Answer {
  const isBrowser = BROWSER_WORDS.test(request.userAgent)
  try {
    return redirectAnswer(context.locationOf(findFile(context, request)))
  } catch (error) {
    if (!isBrowser || !(error instanceof Refusal)) throw error
    return answerBrowser(error, request.versionId)
  }
}

/** Pages for people: followed, they end at HTML with status 200. */
function answerBrowser({ status, body }: Refusal, versionId: number): Answer {
  const page = `/model-versions/${versionId}`
  if (status === 401 && body.message === LOGIN_NEEDED) {
    return redirectAnswer(`/login?returnUrl=${encodeURIComponent(page)}&reason=download-auth`)
  }
  if (body.error === 'Early Access') return redirectAnswer(page)
  return textAnswer(status, String(body.message ?? body.error))
}

const LOGIN_NEEDED = 'The creator of this asset requires you to be logged in to download it'
const NOT_FOUND = { error: 'File not found' }

function findFile(context: DownloadContext, request: DownloadRequest): NonNullable<StoredFile['hosted']> {
  const { versionId, query, token } = request
  checkQuery(query)
  const found = context.catalogue.version(versionId)
  if (found === null || !isPublic(found.version) || found.model.mode === 'TakenDown') throw new Refusal(404, NOT_FOUND)
  const { model, version } = found
  if (model.mode === 'Archived') throw new Refusal(410, { error: 'Model archived, not available for download' })
  if (model.poi) throw new Refusal(404, NOT_FOUND)
  admit(version, token, context.now())
  const file = pickFile(version.files, { query, preferences: token === null ? {} : context.preferences })
  // Also the answer when the storage's location could not be found out.
  if (file === null || file.hosted === null) throw new Refusal(404, NOT_FOUND)
  context.account.countDownload(token)
  return file.hosted
}

function admit(version: StoredVersion, token: string | null, nowMs: number): void {
  if (version.usageControl !== 'Download') {
    const message = 'The creator of this asset has disabled downloads on this file'
    throw new Refusal(401, { error: 'Unauthorized', message })
  }
  if (token === null && version.requiresLogin) throw new Refusal(401, { error: 'Unauthorized', message: LOGIN_NEEDED })
  if (token !== null && version.grantedTo.includes(token)) return
  const { earlyAccess } = version
  if (earlyAccess === 'permanent' || (earlyAccess !== null && earlyAccess.getTime() > nowMs)) {
    const deadline = earlyAccess === 'permanent' ? {} : { deadline: earlyAccess.toISOString() }
    const message = 'This asset is in Early Access. You can use Buzz access it now!'
    throw new Refusal(403, { error: 'Early Access', ...deadline, message })
  }
  if (version.isPrivate) throw new Refusal(403, { error: 'You do not have access to download this file' })
}

const CLOSED_LISTS: Readonly<Record<string, readonly string[]>> = {
  type: [
    ...[
      'Model',
      'Text Encoder',
      'Vision Encoder',
      'Pruned Model',
      'Negative',
      'Training Data',
      'VAE',
      'Config',
      'Archive',
    ],
    ...['UNet', 'Diffusion Model', 'CLIPVision', 'ControlNet', 'Workflow', 'Upscaler', 'Enhancement LoRA', 'Other'],
  ],
  format: ['SafeTensor', 'PickleTensor', 'GGUF', 'Diffusers', 'Core ML', 'ONNX', 'Other'],
  size: ['full', 'pruned'],
}

function checkQuery(query: URLSearchParams): void {
  for (const [name, values] of Object.entries(CLOSED_LISTS)) {
    const value = query.get(name)
    if (value === null || values.includes(value)) continue
    throw new Refusal(400, { error: `✖ Invalid option: expected one of ${values.map((one) => `"${one}"`).join('|')}` })
  }
}

/** By id exactly one; else the pick among those that the parameters leave (contract §5). */
function pickFile(
  files: readonly StoredFile[],
  { query, preferences }: { query: URLSearchParams; preferences: FilePreferences },
): StoredFile | null {
  const fileId = query.get('fileId')
  if (fileId !== null) return files.find(({ id }) => String(id) === fileId) ?? null
  const names = ['type', 'format', 'size', 'fp'] as const
  const left = files.filter((file) => names.every((name) => !query.has(name) || query.get(name) === file[name]))
  return pickPrimary(left, preferences)
}
