// Run as a process of its own: the document server, durable. Arguments: its folder and its port.
import { startDocumentServer } from '#local/documents/server.ts'

const [dataDir = '', port = '0'] = process.argv.slice(2)
void startDocumentServer({ port: Number(port), dataDir })
