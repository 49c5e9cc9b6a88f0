// Express 5 and nothing else.
import express from 'express'

const app = express()
app.post('/{*path}', (_request, response) => {
  response.status(204).end()
})
app.listen(Number(process.env.PORT), '127.0.0.1')

// An orderly exit, so that the compile cache is written.
process.on('SIGTERM', () => process.exit(0))
