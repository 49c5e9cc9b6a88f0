import { forgeCalls } from '#local/dev.ts'
import { defaultServers } from '#local/environment.ts'

test('the greeting offers --local for the default ports alone, and names a cloud on other ports by its API and its keys', () => {
  const at = { dataDir: '/data/dev', apiUrl: 'http://127.0.0.1:9084' }

  expect(forgeCalls({ ...at, bucketUrl: defaultServers.bucketUrl })).toMatch(/sync .*--local\n.*train .*--local$/)
  const elsewhere = forgeCalls({ ...at, bucketUrl: 'http://127.0.0.1:10199' })
  expect(elsewhere).not.toContain('--local')
  expect(elsewhere).toContain("export FORGE_DATA_DIR='/data/dev' FORGE_API_URL=http://127.0.0.1:9084")
})
