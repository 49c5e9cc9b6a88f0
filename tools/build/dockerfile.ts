/** One instruction of a Dockerfile, its continued lines joined. */
export interface Instruction {
  /** The stage's name, or its number where it has none. */
  stage: string
  keyword: string
  /** What follows the keyword. */
  rest: string
  /** Marked by a comment in front of it: it needs root or the image's own system. */
  needsContainer: boolean
}

/** Reads the instructions of a Dockerfile; as much of the format as ours use. */
export function parseDockerfile(text: string): Instruction[] {
  const instructions: Instruction[] = []
  let stage = ''
  let stages = 0
  let needsContainer = false
  for (const line of text.replaceAll(/\\\n\s*/g, '').split('\n')) {
    if (line.startsWith('#')) needsContainer ||= line.includes('[needs a container]')
    const [, keyword = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (keyword === '') continue
    if (keyword === 'FROM') {
      stage = /\sAS\s+(\S+)$/i.exec(rest)?.[1] ?? String(stages)
      stages += 1
    }
    instructions.push({ stage, keyword, rest, needsContainer })
    needsContainer = false
  }
  return instructions
}

/** Sources and target of a COPY, and the stage that they come from; null for the build context. */
export function copyOf(instruction: Instruction): { from: string | null; sources: string[]; target: string } {
  const words = instruction.rest.split(/\s+/)
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length) ?? null
  const paths = words.filter((word) => !word.startsWith('--'))
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' }
}
