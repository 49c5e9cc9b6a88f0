import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface SourceFile {
  /** From the root, with slashes. */
  path: string
  text: string
  lines: number
  /** Each as a path from the root (our files) or as a package's name. */
  imports: { target: string; isOurs: boolean; isTypeOnly: boolean }[]
}

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Static, side-effect and dynamic imports, re-exports, and files named by `new URL(…, import.meta.url)`. */
const IMPORT =
  /^[ \t]*(?:import|export)\s(?!type\s)?(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]|^[ \t]*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|\brequire\(\s*['"]([^'"]+)['"]\s*\)|\bnew URL\(\s*['"](\.[^'"]+)['"],\s*import\.meta\.url/gm

/** The folders that hold code, as DESIGN §1 names them. */
export function readSources(): SourceFile[] {
  return globSync('{shared,services,cli,local,tools,bench,tests}/**/*.{ts,js,cjs}', { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('tests/fixtures/') && !path.includes('node_modules/'))
    .map((path) => sourceFile(path, readFileSync(`${root}/${path}`, 'utf8')))
}

export function sourceFile(path: string, text: string): SourceFile {
  const imports = [...withoutComments(text).matchAll(IMPORT)].map((match) => {
    const specifier = match.slice(2).find((group) => group !== undefined) ?? ''
    return { ...resolveSpecifier(path, specifier), isTypeOnly: /^\s*(?:import|export)\s+type\s/.test(match[0]) }
  })
  return { path, text, lines: text.replace(/\n$/, '').split('\n').length, imports }
}

function resolveSpecifier(from: string, specifier: string): { target: string; isOurs: boolean } {
  if (specifier.startsWith('#')) return { target: specifier.slice(1), isOurs: true }
  if (specifier.startsWith('.')) return { target: posix.join(posix.dirname(from), specifier), isOurs: true }
  const parts = specifier.split('/')
  return { target: parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/'), isOurs: false }
}

/** Only comments that begin a line: elsewhere their signs may be part of a string, as in a glob or a URL. */
export function withoutComments(text: string): string {
  return text.replaceAll(/^[ \t]*(?:\/\*[\s\S]*?\*\/|\/\/.*$)/gm, '')
}
