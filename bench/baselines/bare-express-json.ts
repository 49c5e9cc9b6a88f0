// An Express 5 handler that parses a JSON body and answers.
import express from 'express'

const app = express()
app.use(express.json())
app.post('/{*path}', (request, response) => {
  response.status(typeof request.body === 'object' ? 204 : 400).end()
})
app.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
