// Serves the documents of a directory until it is killed; prints where.
import { startDocumentServer } from '#local/documents/server.ts'

const [dataDir = null, port = '0'] = process.argv.slice(2)
const server = await startDocumentServer({ port: Number(port), dataDir })
console.log(server.host)
