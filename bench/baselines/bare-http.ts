// The least that answers: Node's own server.
import { createServer } from 'node:http'

createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(204).end())
}).listen(Number(process.env.PORT), '127.0.0.1')

// An orderly exit, so that the compile cache is written.
process.on('SIGTERM', () => process.exit(0))
