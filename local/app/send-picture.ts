import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { AppClients } from './clients.ts'
import { followShowcase } from './follow-showcase.ts'
import { forgeCharacter } from './forge-character.ts'

const contentTypes: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.gif': 'image/gif',
}
const timeoutMs = 120_000

export interface SentPicture {
  characterId: string
  png: Buffer
  url: string
}

/**
 * Sends a picture through the pipeline as the app does and tells each status as it comes, with the time since the upload.
 * @throws Error with the reason when the file can't be read or the showcase fails, or the signal's.
 */
export async function sendPicture(
  clients: AppClients,
  params: { bucket: string; path: string; say: (line: string) => void; signal: AbortSignal },
): Promise<SentPicture> {
  const { path, say, signal } = params
  const picture = await readFile(path)
  const contentType = contentTypes[extname(path).toLowerCase()] ?? 'application/octet-stream'
  const started = performance.now()
  const tell = (what: string) => say(`${seconds(performance.now() - started)}  ${what}`)
  const { characterId, uploadName } = await forgeCharacter(clients, {
    bucket: params.bucket,
    picture,
    contentType,
    name: basename(path),
  })
  tell(`uploaded ${uploadName}`)
  const end = await followShowcase(clients, { characterId, timeoutMs, signal, onStatus: (status) => tell(status) })
  if (end.kind === 'failed') throw new Error(`The showcase failed (${end.code}): ${end.message}`)
  say('')
  say(`  ${'step'.padEnd(20)}${'provider'.padEnd(14)}${'size'.padEnd(14)}ms`)
  for (const step of end.steps) {
    const size = `${step.width} × ${step.height}`
    say(`  ${step.name.padEnd(20)}${step.provider.padEnd(14)}${size.padEnd(14)}${step.ms}`)
  }
  say('')
  // By its URL, as a browser would: what the document points at is what people get.
  const answer = await fetch(end.url)
  if (!answer.ok) throw new Error(`The result's URL answered ${answer.status}.`)
  return { characterId, png: Buffer.from(await answer.arrayBuffer()), url: end.url }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(7)} s`
}
