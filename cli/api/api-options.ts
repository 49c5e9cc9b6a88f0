/** Options of every command that speaks to the API. */
export const apiOptions = {
  api: { type: 'string' },
  token: { type: 'string' },
} as const

/** How `--help` explains them. */
export const apiUsage = `  --api URL          where the API is (else FORGE_API_URL, else the profile's, else the local cloud)
  --token TOKEN      whose ID token to show (else FORGE_TOKEN, else who is signed in: forge login)
  --profile NAME     another deployment than the one in use
  --json, --local    as for every command`
