/** What went wrong, as a sentence for the person at the terminal: the faults of files and ports, which Node says by their codes. */
export function failureMessage(error: unknown, command: string): string {
  const facts: { code?: unknown; port?: unknown; path?: unknown } =
    typeof error === 'object' && error !== null ? error : {}
  if (facts.code === 'EADDRINUSE') {
    const other = command === 'dev' ? '`npm run dev -- --port-offset 1000` moves all ports' : '`--port` takes another'
    return `Port ${facts.port} is taken, perhaps by another local cloud; ${other}.`
  }
  if (facts.code === 'ENOENT' && typeof facts.path === 'string') return `There is no file ${facts.path}.`
  if (facts.code === 'EISDIR') return 'A folder was named where a file is read.'
  return error instanceof Error ? error.message : String(error)
}
