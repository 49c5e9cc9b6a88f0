import { execFileSync } from 'node:child_process'

test('help and completions load the table of commands alone, no schema, no client and no server: a shell asks for them at its start', () => {
  // What has been loaded is seen from inside: the packages' own folders among the paths that were resolved.
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({ load(url, context, next) { loaded.add(url); return next(url, context) } })
    await import('./cli/commands.ts')
    const root = import.meta.url.replace(/[^/]*$/, '')
    const paths = [...loaded].map((url) => url.replace(root, ''))
    const heavy = /^(services|shared\\/(http|config))\\/|node_modules\\/|^node:(http|https|net|readline)/
    console.log(JSON.stringify({ count: paths.length, heavy: paths.filter((path) => heavy.test(path)) }))`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
  const { count, heavy } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  expect(heavy).toEqual([])
  expect(count).toBeGreaterThan(50)
})
