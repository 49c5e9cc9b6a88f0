// Run as a process of its own: the file host. Answers its parent's orders; see `source.ts`.
import { startFileHost } from '#local/file-host/server.ts'
import type { SourceOrder, SourceReply } from './source.ts'

const host = await startFileHost()

process.on('message', (order: SourceOrder) => {
  switch (order.kind) {
    case 'add': {
      const { sizeBytes, seed } = order
      const file = host.add({ content: { kind: 'safetensors', sizeBytes, seed } })
      return reply({ url: host.locationOf(file), sha256: file.sha256 })
    }
    case 'shape':
      host.shape(order.shape)
      return reply({})
    default:
      order satisfies never
  }
})
// The parent has ended, however it did.
process.on('disconnect', () => process.exit(0))
reply({ url: host.url })

function reply(message: SourceReply): void {
  process.send?.(message)
}
