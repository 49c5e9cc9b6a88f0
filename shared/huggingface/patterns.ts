/**
 * Tells whether a path is taken, as `allow_patterns` and `ignore_patterns` of Hugging Face's own downloads do: Unix shell wildcards
 * (`*`, `?`, `[abc]`, `[!abc]`) over the whole path, so that `*` also matches slashes, case included. A pattern that ends in a
 * slash means the folder. An empty list of allowed patterns allows everything.
 */
export function pathMatcher(allow: readonly string[], ignore: readonly string[]): (path: string) => boolean {
  // Once for all paths: a repository has up to a hundred thousand.
  const read = (pattern: string): Token[] => tokenize(pattern.endsWith('/') ? `${pattern}*` : pattern)
  const [allowed, ignored] = [allow.map(read), ignore.map(read)]
  return (path) => {
    const matches = (tokens: readonly Token[]): boolean => matchesTokens(path, tokens)
    return (allowed.length === 0 || allowed.some(matches)) && !ignored.some(matches)
  }
}

/** Python's `fnmatch`, which the official clients use. Linear in the text for each `*`: patterns come from people. */
function matchesTokens(text: string, tokens: readonly Token[]): boolean {
  const characters = [...text]
  let [at, token] = [0, 0]
  // The last star, and how much of the text it has swallowed: the only place to come back to.
  let star: { token: number; at: number } | null = null
  while (at < characters.length) {
    const wanted = tokens[token]
    if (wanted === 'any-run') {
      star = { token, at }
      token++
    } else if (wanted?.(characters[at] ?? '') === true) {
      at++
      token++
    } else if (star !== null) {
      star = { token: star.token, at: star.at + 1 }
      at = star.at
      token = star.token + 1
    } else {
      return false
    }
  }
  return tokens.slice(token).every((rest) => rest === 'any-run')
}

type Token = 'any-run' | ((character: string) => boolean)

function tokenize(pattern: string): Token[] {
  const characters = [...pattern]
  const tokens: Token[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]
    const set = character === '[' ? readSet(characters, at) : null
    if (set !== null) {
      tokens.push(set.matches)
      at = set.end
    } else if (character === '*') {
      tokens.push('any-run')
    } else {
      tokens.push(character === '?' ? () => true : (other) => other === character)
    }
  }
  return tokens
}

/** `[a-z_]` or `[!a-z]`; null for a bracket that is never closed, which then means itself. */
function readSet(
  pattern: readonly string[],
  start: number,
): { matches: (character: string) => boolean; end: number } | null {
  const isNegated = pattern[start + 1] === '!'
  const first = start + (isNegated ? 2 : 1)
  // A closing bracket that comes first is a member.
  const end = pattern.indexOf(']', first + 1)
  if (end < 0) return null
  const members = pattern.slice(first, end)
  const isMember = (character: string): boolean => {
    for (let at = 0; at < members.length; at++) {
      const [low = '', dash, high] = members.slice(at, at + 3)
      if (dash === '-' && high !== undefined) {
        if (low <= character && character <= high) return true
        at += 2
      } else if (low === character) {
        return true
      }
    }
    return false
  }
  return { matches: (character) => isMember(character) !== isNegated, end }
}
