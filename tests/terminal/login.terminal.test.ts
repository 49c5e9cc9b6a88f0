import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LOCAL_API_KEY, LOCAL_PASSWORD } from '#local/identity/accounts.ts'
import { openIdentity } from '#local/identity/identity.ts'
import { type SignInStandIn, startSignIn } from '#local/identity/server.ts'
import { forgeHere } from '../support/forge.ts'
import { until } from '../support/until.ts'
import { hasTmux, openTerminal, type Terminal } from './terminal.ts'

const email = 'local-user@example.com'

if (!hasTmux) {
  test('skipped: no tmux', () => console.log('skipped: no tmux'))
} else {
  describe('questions in a terminal', () => {
    let signIn: SignInStandIn
    let env: Record<string, string>
    let configHome: string
    const terminals: Terminal[] = []
    beforeAll(async () => {
      const { PATH = '' } = process.env
      configHome = await mkdtemp(join(tmpdir(), 'forge-login-'))
      env = { PATH, XDG_CONFIG_HOME: configHome, FORGE_TOKEN: 'nobody’s' }
      signIn = await startSignIn({ identity: await openIdentity({ dataDir: null }), projectId: 'test-project' })
      const urls = ['--identity-url', signIn.identityUrl, '--token-url', signIn.tokenUrl]
      const profile = ['profile', 'add', 'here', '--api', 'http://127.0.0.1:9', '--api-key', LOCAL_API_KEY, ...urls]
      expect(await forgeHere(profile, env)).toMatchObject({ exitCode: 0 })
    })
    afterAll(async () => {
      for (const terminal of terminals) await terminal.close()
      await signIn.close()
      await rm(configHome, { recursive: true, force: true })
    })

    /** Then the terminal's own settings, as forge has left them. */
    async function open(...args: string[]): Promise<Terminal> {
      const forge = [process.execPath, '--disable-warning=ExperimentalWarning', 'cli/forge.js', ...args].join(' ')
      const line = `${forge}; code=$?; stty -a | grep -o -- '-*echo\\b'; exit $code`
      const terminal = await openTerminal(['sh', '-c', line], { env })
      terminals.push(terminal)
      return terminal
    }
    /** All rows, once the last of them is there: an exit may be known before what was said. */
    async function lastRows(terminal: Terminal): Promise<string[]> {
      await until(async () => /^-?echo$/.test((await terminal.rows()).at(-1) ?? ''))
      return await terminal.rows()
    }
    const asks = (question: string) => (rows: string[]) => rows.some((row) => row.startsWith(question))

    test('a password is typed without a trace on the screen, which shows what is typed again afterwards', async () => {
      const terminal = await open('login')
      await terminal.shows(asks('E-mail address:'))
      await terminal.press(email, 'Enter')
      await terminal.shows(asks(`Password of ${email}:`))
      await terminal.press(LOCAL_PASSWORD, 'Enter')
      expect(await terminal.exitCode()).toBe(0)
      expect(await lastRows(terminal)).toEqual([
        `E-mail address: ${email}`,
        `Password of ${email}:`,
        `Signed in to here as ${email}.`,
        'echo',
      ])
    })

    test.each([
      ['C-c', 'a password', ['login', '--email', email], `Password of ${email}:`, 'Interrupted. Nobody was signed in.'],
      ['C-c', 'an address', ['login'], 'E-mail address:', 'Interrupted. Nobody was signed in.'],
      ['C-c', 'a yes', ['models', 'rm', 'rain'], 'Remove rain? (profile here) [y/N]', 'Interrupted. Nothing was done.'],
      [
        'C-d',
        'a yes',
        ['models', 'rm', 'rain'],
        'Remove rain? (profile here) [y/N]',
        'Nothing was typed. Nothing was done.',
      ],
    ])('%s instead of %s ends with 130 and a terminal as it was', async (key, _what, args, question, sentence) => {
      const terminal = await open(...args)
      await terminal.shows(asks(question))
      await terminal.press(key)
      expect(await terminal.exitCode()).toBe(130)
      expect((await lastRows(terminal)).slice(-3)).toEqual([question, sentence, 'echo'])
    })
  })
}
