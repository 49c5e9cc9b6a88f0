import { requireGoogleSignIn } from '../../../cli/google-sign-in.ts'

const thrown = (message: string, code?: string) => async () => {
  throw Object.assign(new Error(message), code === undefined ? {} : { code })
}

test('who is signed in hears nothing', async () => {
  await expect(requireGoogleSignIn(async () => 'a-token')).resolves.toBeUndefined()
})

test.each([
  ['has never signed in', thrown('Could not load the default credentials. Browse to …'), 'forge.no-google-sign-in'],
  ['was signed out since', thrown('invalid_grant', '400'), 'forge.no-google-sign-in'],
  ['is offline', thrown('request to https://oauth2.googleapis.com failed', 'ENOTFOUND'), 'forge.google-unreachable'],
  ['is offline, said otherwise', thrown('getaddrinfo EAI_AGAIN oauth2.googleapis.com'), 'forge.google-unreachable'],
])('who %s gets a code of their own, and a sentence without a stack', async (_who, accessToken, code) => {
  await expect(requireGoogleSignIn(accessToken)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^[^\n]+[.?]$/),
    retryable: code === 'forge.google-unreachable',
  })
})
