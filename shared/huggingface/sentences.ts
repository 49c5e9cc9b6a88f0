/** What was asked for, as people know it. */
export interface Subject {
  repo: string
  revision?: string | null
  path?: string | null
}

export const BAD_TOKEN = 'Hugging Face does not accept our token; set HF_TOKEN to a valid one.'

export function repoNotFound({ repo }: Subject, hasToken: boolean): string {
  return hasToken
    ? `${repo} does not exist at Hugging Face, or is private and our token may not read it; check the name.`
    : `${repo} does not exist at Hugging Face or is private; check the name, a token (HF_TOKEN) may be needed.`
}

export function revisionNotFound({ repo, revision }: Subject): string {
  return `${repo} at Hugging Face has no revision ${revision ?? 'main'}; check the branch, tag or commit.`
}

export function fileNotFound({ repo, revision, path }: Subject): string {
  const at = revision ? ` at revision ${revision}` : ''
  return `${repo} at Hugging Face has no file ${path ?? 'of that name'}${at}; check the name.`
}

/** `token-or-access`: the Hub's answer does not tell the two apart. */
export type GatedReason = 'no-token' | 'token-or-access' | 'no-access'

/** What to do about a gated repo. */
export function gatedSentence({ repo }: Subject, reason: GatedReason): string {
  const page = `https://huggingface.co/${repo}`
  switch (reason) {
    case 'no-token':
      return `${repo} is gated: ask for access at ${page} and set HF_TOKEN to a token of that account.`
    case 'token-or-access':
      return `${repo} is gated, and our token is not valid or has no access; check HF_TOKEN and ask for access at ${page}.`
    case 'no-access':
      return `${repo} is gated, and our account has no access yet; ask for it at ${page}, then sync again.`
    default:
      return reason satisfies never
  }
}
