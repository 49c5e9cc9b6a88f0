import type { Express } from 'express'

/**
 * What the API says of itself, for anybody: the OpenAPI document and a page to read. Made once, when they are first asked
 * for: a start has no use for them.
 */
export function documentRoutes(app: Express): void {
  app.get('/openapi.json', async (_request, response) => {
    const { openApiDocument } = await import('./openapi/document.ts')
    response.setHeader('cache-control', 'public, max-age=300')
    response.json(openApiDocument())
  })
  app.get('/docs', async (_request, response) => {
    const { docsPage } = await import('./docs/docs-page.ts')
    const { html, contentSecurityPolicy } = docsPage()
    response.setHeader('cache-control', 'public, max-age=300')
    response.setHeader('content-security-policy', contentSecurityPolicy)
    response.type('html').send(html)
  })
}
