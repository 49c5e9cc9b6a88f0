import { FinalError } from '../errors/app-error.ts'

/** What people mean when they name something at Hugging Face. */
export interface HuggingFaceReference {
  /** `owner/name`, or one of the old names without an owner. */
  repo: string
  /** Branch, tag, `refs/pr/1` or commit; null where none was named. */
  revision: string | null
  /** A file, or a folder, in the repo; null for the model as a whole. */
  file: string | null
}

/** Letters, digits, `-`, `_`, `.`; neither `--` nor `..`, and not at the ends (the Hub's rule for both parts of an id). */
const PART = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/
/** Pages of a repo that show a revision of it, or a file there. */
const FILE_PAGES = new Set(['tree', 'blob', 'resolve', 'raw', 'blame', 'commits', 'edit'])
/** Other pages of a repo. */
const REPO_PAGES = new Set([...FILE_PAGES, 'commit', 'discussions', 'settings', 'revision'])
const HUB_HOSTS = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co'])

/**
 * Reads what people paste: `owner/name`, `name`, `owner/name@rev`, `owner/name@rev:path`, `owner/name:path`, any of these
 * after `hf:` or `hf://` (there also `owner/name@rev/path`), and the address of a page or file of a model. `hubUrl` is one more
 * origin that is taken for the Hub's (a stand-in, a mirror). Throws `huggingface.bad-reference`.
 */
export function parseHuggingFaceReference(text: string, hubUrl?: string): HuggingFaceReference {
  const trimmed = text.trim()
  const bare = trimmed.replace(/^(?:hf|huggingface):(?:\/\/)?/i, '')
  const url = hubAddress(bare, hubUrl)
  const reference = url === null ? parseShort(bare, /^(?:hf|huggingface):\/\//i.test(trimmed)) : parseAddress(url)
  if (reference === null) throw badReference(trimmed)
  return reference
}

/** The address of a page at the Hub, with or without its scheme; null for other texts. */
function hubAddress(text: string, hubUrl: string | undefined): URL | null {
  const hasScheme = /^https?:\/\//i.test(text)
  const url = URL.parse(hasScheme ? text : `https://${text}`)
  if (url === null) return null
  if (hubUrl !== undefined && url.origin === new URL(hubUrl).origin) return url
  if (HUB_HOSTS.has(url.hostname)) return url
  if (hasScheme) throw badReference(text)
  return null
}

function parseShort(text: string, isUri: boolean): HuggingFaceReference | null {
  const match = /^([^@:]+?)(?:@([^:]+))?(?::(.+))?$/s.exec(text)
  if (match === null) return null
  const [, id = '', at, file] = match
  if (!isUri || file !== undefined) return checked({ id: id.split('/'), revision: at, file })
  // `hf://owner/name@rev/path`: an id has two parts here, a revision with slashes is encoded or one of git's refs.
  const parts = id.split('/')
  if (at === undefined) return checked({ id: parts.slice(0, 2), revision: undefined, file: parts.slice(2).join('/') })
  const { revision, file: below } = splitRevision(at.split('/'))
  return checked({ id: parts, revision: revision && decode(revision), file: below })
}

function parseAddress(url: URL): HuggingFaceReference | null {
  const segments = url.pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode)
  if (segments[0] === 'api' && segments[1] === 'models') segments.splice(0, 2)
  if (['datasets', 'spaces', 'collections', 'papers', 'models', 'api', 'docs', 'blog'].includes(segments[0] ?? ''))
    return null
  // An old id has no owner: its pages follow at once.
  const idParts = segments.length === 1 || REPO_PAGES.has(segments[1] ?? '') ? 1 : 2
  const id = segments.slice(0, idParts)
  const [page = '', ...rest] = segments.slice(idParts)
  if (page === 'commit' || page === 'revision') return checked({ id, revision: rest[0], file: undefined })
  if (!FILE_PAGES.has(page)) return checked({ id, revision: undefined, file: undefined })
  return checked({ id, ...splitRevision(rest) })
}

/** A revision is one segment, its slashes encoded; git's own refs are also written as they are. */
function splitRevision(segments: readonly string[]): { revision: string | undefined; file: string | undefined } {
  const length = segments[0] === 'refs' && segments.length >= 3 ? 3 : 1
  const file = segments.slice(length).join('/')
  return { revision: segments.slice(0, length).join('/') || undefined, file: file || undefined }
}

function checked(parts: {
  id: readonly string[]
  revision: string | undefined
  file: string | undefined
}): HuggingFaceReference | null {
  const { id, revision = '' } = parts
  const file = (parts.file ?? '').replace(/^\/+|\/+$/g, '')
  if (id.length < 1 || id.length > 2 || !id.every((part) => PART.test(part))) return null
  if (revision !== '' && !isRevision(revision)) return null
  return { repo: id.join('/'), revision: revision || null, file: file || null }
}

/** Whether a text can be a branch, a tag, a ref or a commit, as git names them. */
export function isRevision(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.length <= 200 && text.isWellFormed() && !/[\s\u0000-\u001f\u007f\\]|\.\.|^[.-]|^$/.test(text)
}

/** A text that is not percent-encoded, or badly, is taken as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function badReference(text: string): FinalError {
  const shown = JSON.stringify(text.slice(0, 100))
  const message = `${shown} names no model at Hugging Face; write owner/name, owner/name@revision:file, or its address there.`
  return new FinalError({ code: 'huggingface.bad-reference', message })
}
