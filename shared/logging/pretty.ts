const COLOURS: Record<string, string> = { DEBUG: '90', INFO: '36', WARNING: '33', ERROR: '31' }
/** Parts of the JSON line that a person at a terminal doesn't need again. */
const HIDDEN = /^(?:severity|time|message|service|serviceContext|@type|stack_trace|error|logging\.googleapis\.com\/.*)$/

/** One log line for people: time, severity, service, message, facts; a stack follows on its own lines. */
export function prettyLine(line: string, options: { colours: boolean }): string {
  const entry: Record<string, unknown> = JSON.parse(line)
  const paint = (code: string, text: string) => (options.colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const severity = String(entry.severity)
  const facts = Object.entries(entry)
    .filter(([name]) => !HIDDEN.test(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const head = [
    paint('90', String(entry.time).slice(11, 23)),
    paint(COLOURS[severity] ?? '0', severity.padEnd(7)),
    paint('90', String(entry.service)),
    String(entry.message),
    ...(facts.length === 0 ? [] : [paint('90', facts.join(' '))]),
  ].join(' ')
  const stack = entry.stack_trace ?? (entry.error === undefined ? null : JSON.stringify(entry.error))
  return stack === null ? `${head}\n` : `${head}\n${paint('90', String(stack).replaceAll(/^/gm, '    '))}\n`
}
