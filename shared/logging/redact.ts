const REDACTED = '[redacted]'

/** Query parameters that let their holder in: signed URLs, Firebase download tokens, keys. */
const SECRET_PARAMETERS =
  /([?&](?:x-goog-signature|x-goog-credential|x-amz-signature|x-amz-credential|x-amz-security-token|googleaccessid|signature|sig|token|access_token|id_token|api_key|apikey|key|policy|key-pair-id)=)[^&#\s"'<>\\]+/gi

/** Header-like text, as error messages and dumps of requests hold it. */
const SECRET_HEADERS =
  /\b((?:x-api-key|x-goog-api-key|(?:proxy-)?authorization)["']?\s*[:=]\s*["']?(?:(?:Bearer|Basic|Token)\s+)?)[^\s"',;]+/gi
/** A bearer token outside its header; the digit keeps words like "bearer authentication" readable. */
const BEARER = /\b(Bearer)\s+(?=[^\s]*\d)[A-Za-z0-9._~+/=-]{8,}/gi
/** `https://user:password@host` */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi
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
