import { invalid } from '../http/failure.ts'

/**
 * Compiles a `matchGlob` pattern: `*` and `?` stop at slashes, `**` does not, `[…]` is a class, `{a,b}` a choice, a
 * backslash takes the next character as it is. Throws 400 for a pattern that is not closed.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  let source = ''
  let depth = 0
  for (let index = 0; index < pattern.length; index++) {
    const rest = pattern.slice(index)
    const character = pattern.charAt(index)
    if (rest.startsWith('**/')) {
      source += '(?:.*/)?'
      index += 2
    } else if (rest.startsWith('**')) {
      source += '.*'
      index += 1
    } else if (character === '*') source += '[^/]*'
    else if (character === '?') source += '[^/]'
    else if (character === '[') {
      const end = pattern.indexOf(']', index + 2)
      if (end === -1) throw invalid(`Invalid glob: '${pattern}' has an open '['.`)
      const body = pattern.slice(index + 1, end)
      const isNegated = /^[!^]/.test(body)
      source += `[${isNegated ? '^' : ''}${body.slice(isNegated ? 1 : 0).replaceAll(/[\\[\]^]/g, '\\$&')}]`
      index = end
    } else if (character === '{') {
      depth++
      source += '(?:'
    } else if (character === '}' && depth > 0) {
      depth--
      source += ')'
    } else if (character === ',' && depth > 0) source += '|'
    else if (character === '\\' && index + 1 < pattern.length) {
      index++
      source += escapeRegExp(pattern.charAt(index))
    } else source += escapeRegExp(character)
  }
  if (depth > 0) throw invalid(`Invalid glob: '${pattern}' has an open '{'.`)
  const expression = compiled(source, pattern)
  return (name) => expression.test(name)
}

/** By characters, not by halves of those beyond U+FFFF: `?` is one of them whole. */
function compiled(source: string, pattern: string): RegExp {
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch {
    throw invalid(`Invalid glob: '${pattern}' has a range that ends before it begins.`)
  }
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
