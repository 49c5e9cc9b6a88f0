import { type Command, parseCall, UsageError } from '../command.ts'
import { prepareEnvironment } from '../connect.ts'
import type { Finding } from '../doctor/finding.ts'
import { googleAccessToken } from '../google-sign-in.ts'
import type { Output } from '../output.ts'

const usage = `forge doctor [--local] [--json]

Looks whether this machine and the project have what forge and the services need: the environment, your credentials, the
database and its indexes, the buckets, the task queue, the secrets, the services. Says for everything that is wrong the one
command that mends it. Changes nothing. Exit code 1 where something has to be mended.

It looks with your own rights, as the other commands work. deploy/doctor.sh compares the whole project with
infra/, by gcloud.
`

const marks = { ok: '✓', failed: '✗', note: '!', skipped: '–' } as const
const styles = { ok: 'green', failed: 'red', note: 'yellow', skipped: 'dim' } as const

export const doctor: Command = {
  words: ['doctor'],
  synopsis: 'doctor',
  summary: 'what this machine and the project lack, and what mends it',
  usage,
  options: {},
  examples: [
    'forge doctor',
    'forge doctor --local',
    'forge doctor --json | jq \'select(.status == "failed") | .mend\'',
  ],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, {}, usage)
    if (positionals.length > 0) throw new UsageError('This command takes options only.', usage)
    await prepareEnvironment({ local: values.local })
    const [{ examine }, { googleApis }] = await Promise.all([
      import('../doctor/examine.ts'),
      import('../doctor/finding.ts'),
    ])
    const findings = await examine({
      env: process.env,
      serviceUrls: await serviceUrls(values.local),
      apis: googleApis,
      accessToken: googleAccessToken,
      signal,
      onFinding: (finding) => tell(output, finding),
    })
    const failures = findings.filter(({ status }) => status === 'failed').length
    const words = failures === 0 ? 'Nothing has to be mended.' : `${failures} to mend: run the commands above.`
    output.result({ type: 'doctor', isWell: failures === 0, failures }, `\n${words}`)
    return failures === 0
  },
}

function tell(output: Output, finding: Finding): void {
  const { check, status, message, mend } = finding
  const lines = [`${output.style(styles[status], marks[status])} ${check}: ${message}`]
  if (mend !== null) lines.push(`    ${mend}`)
  output.result({ type: 'check', ...finding }, lines.join('\n'))
}

/** Of the local cloud: all of them where it is the one of `npm run dev`, else the one that the environment names. */
async function serviceUrls(isLocal: boolean): Promise<Record<string, string>> {
  if (!isLocal) return process.env.SERVICE_URL ? { 'at SERVICE_URL': process.env.SERVICE_URL } : {}
  const { defaultServiceUrl, serviceTable } = await import('#local/services.ts')
  return Object.fromEntries(serviceTable.map(({ name }) => [name, defaultServiceUrl(name)]))
}
