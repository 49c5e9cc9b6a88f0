const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** On this machine. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname)
}

/** A token or a password may go there: it is encrypted, or does not leave this machine. */
export function isSafeUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}

/** A path can be put behind it. */
export function isPlainUrl({ username, password, search, hash }: URL): boolean {
  return username === '' && password === '' && search === '' && hash === ''
}
