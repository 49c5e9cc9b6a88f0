/** How one variable's text becomes a value. */
export interface Schema<T> {
  /** What a good value is, as it reads after "give": `a port from 0 to 65535`. */
  expects: string
  /** Parses trimmed, non-empty text (lists also get empty text). Throws `Refusal` with what is wrong. */
  parse(text: string): T
}

/** Why a text is no value of its schema, as it reads after the variable's name. Never holds a secret. */
export class Refusal extends Error {}

const SHOWN_CHARACTERS = 40

function notWanted(text: string): Refusal {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
  return new Refusal(`is ${JSON.stringify(shown)}`)
}

/** A whole number between `min` and `max`, both included. */
export function integer(range: { min: number; max: number; unit?: string }): Schema<number> {
  const unit = range.unit === undefined ? '' : ` of ${range.unit}`
  return {
    expects: `a whole number${unit} from ${range.min} to ${range.max}`,
    parse(text) {
      const value = Number(text)
      if (!/^\d+$/.test(text) || value < range.min || value > range.max) throw notWanted(text)
      return value
    },
  }
}

/** A TCP port; 0 lets the system choose one. */
export function port(): Schema<number> {
  return { ...integer({ min: 0, max: 65_535 }), expects: 'a port from 0 to 65535' }
}

/** A time span in milliseconds. */
export function milliseconds(range: { min: number; max: number }): Schema<number> {
  return integer({ ...range, unit: 'milliseconds' })
}

/** One of the given words. */
export function oneOf<const T extends string>(...choices: readonly T[]): Schema<T> {
  return {
    expects: `one of ${choices.join(', ')}`,
    parse(text) {
      const choice = choices.find((candidate) => candidate === text)
      if (choice === undefined) throw notWanted(text)
      return choice
    },
  }
}

/** `true` or `false`. */
export function flag(): Schema<boolean> {
  const words = oneOf('true', 'false')
  return { expects: 'true or false', parse: (text) => words.parse(text) === 'true' }
}

/** Text of a given form. */
export function text(form: { pattern: RegExp; expects: string }): Schema<string> {
  return {
    expects: form.expects,
    parse(value) {
      if (!form.pattern.test(value)) throw notWanted(value)
      return value
    },
  }
}

/** A JSON object, as parsed; what is in it is its reader's to check. */
export function jsonObject(): Schema<Readonly<Record<string, unknown>>> {
  return {
    expects: 'a JSON object',
    parse(value) {
      const parsed = parseJson(value)
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw notWanted(value)
      return parsed as Record<string, unknown> // An object that is no array has string keys only.
    },
  }
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw notWanted(value)
  }
}

/** Values of one schema, separated by commas; blanks around them don't count, empty text is the empty list. */
export function list<T>(item: Schema<T>, plural: string): Schema<readonly T[]> {
  return {
    expects: `${plural}, separated by commas`,
    parse: (value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => item.parse(part)),
  }
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * A base URL, without its trailing slash. Keys are sent to it, so it has to be https; plain http only to this machine.
 * The value is not repeated in messages: it might hold a password.
 */
export function baseUrl(): Schema<string> {
  return {
    expects: 'an https URL without user, query or fragment (http only for this machine)',
    parse(value) {
      const url = parseUrl(value)
      if (url.username !== '' || url.password !== '') throw new Refusal('has a user or password in it')
      if (url.search !== '' || url.hash !== '') throw new Refusal('has a query or fragment')
      const plainHttp = url.protocol === 'http:' && LOOPBACK.test(url.hostname)
      if (url.protocol !== 'https:' && !plainHttp) throw new Refusal(`begins with ${url.protocol}//`)
      return url.href.replace(/\/+$/, '')
    },
  }
}

/** The origin of a local stand-in for a Google service, with its scheme: `http://127.0.0.1:9199`. */
export function emulatorOrigin(): Schema<string> {
  return {
    expects: 'an origin with its scheme',
    parse(value) {
      const url = parseUrl(value)
      if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Refusal('has no http:// in front')
      if (url.pathname !== '/' || url.search !== '' || url.username !== '') throw new Refusal('is more than an origin')
      return url.origin
    },
  }
}

function parseUrl(value: string): URL {
  const url = URL.parse(value)
  if (url === null) throw new Refusal('is not a URL')
  return url
}
