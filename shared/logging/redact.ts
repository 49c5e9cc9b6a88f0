const REDACTED = '[redacted]'

/**
 * Query parameters that let their holder in: signed URLs, Firebase download tokens, resumable upload sessions, keys. Also where a
 * URL is a part of another, or was written into HTML or JSON.
 */
const SECRET_PARAMETERS =
  /((?:[?&#;]|%3f|%26|\\u0026)(?:x-goog-signature|x-goog-credential|x-amz-signature|x-amz-credential|x-amz-security-token|googleaccessid|awsaccesskeyid|signature|sig|token|access_token|id_token|refresh_token|jwt|upload_id|api_key|apikey|key|secret|client_secret|password|policy|key-pair-id)(?:=|%3d))[^&#\s"'<>\\]+/gi

/** Header-like text, as error messages and dumps of requests hold it; in a text within JSON its quotes are escaped. */
const SECRET_HEADERS =
  /\b((?:x-api-key|x-goog-api-key|(?:proxy-)?authorization)\\?["']?\s*(?:[:=]|(?<=["']),)\s*\\?["']?(?:(?:Bearer|Basic|Token)\s+)?)[^\s"',;\\]+/gi
/** All of a line: a cookie header holds several. */
const COOKIES = /\b((?:set-)?cookie\\?["']?\s*:\s*\\?["']?)[^"'\\\r\n]+/gi
/** A bearer token outside its header; the digit keeps words like "bearer authentication" readable. */
const BEARER = /\b(Bearer)\s+(?=[^\s]*\d)[A-Za-z0-9._~+/=-]{8,}/gi
/** `https://user:password@host`. From the slashes on: looking for the scheme takes a long path without one its length squared. */
const URL_PASSWORD = /(:\/\/[^\s/:@]*:)[^\s/@]+@/g
/** Tokens that tell themselves by their form: Replicate, Hugging Face, Google OAuth, Google API keys, PEM. */
const KNOWN_TOKENS =
  /\b(?:r8_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|ya29\.[A-Za-z0-9._-]{20,}|AIza[A-Za-z0-9_-]{30,}|whsec_[A-Za-z0-9+/=]{16,})/g
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g

/** Names of fields whose value is never shown, compared without case and punctuation. */
const SECRET_NAMES =
  /^(?:authorization|proxyauthorization|cookie|setcookie|xapikey|xgoogapikey|apikey|.*password|.*secret|.*secrets|privatekey|.*token|signedurl|credentials?)$/

/** Takes secrets out of a text: signatures and tokens in URLs, credentials, keys known by their form. */
export function redactText(text: string): string {
  return text
    .replace(SECRET_PARAMETERS, `$1${REDACTED}`)
    .replace(SECRET_HEADERS, `$1${REDACTED}`)
    .replace(COOKIES, `$1${REDACTED}`)
    .replace(BEARER, `$1 ${REDACTED}`)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(KNOWN_TOKENS, REDACTED)
    .replace(PRIVATE_KEY, REDACTED)
}

/** The value that a field of this name may show: itself, or `[redacted]` where the name says secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAMES.test(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
}

export { REDACTED }
