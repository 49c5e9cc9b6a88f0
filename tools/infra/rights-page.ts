import { grantsOf, type Project } from './project.ts'

const HEAD = `# Who may do what

Made from \`infra/project.yaml\` by \`npm run docs:rights\`; a test compares. Don't edit it here. \`deploy/\` grants these and nothing else:
no \`editor\`, \`owner\`, \`storage.admin\` or \`datastore.owner\`, and no secret for a whole project. Each service runs in the name of an
account of its own, without a key file; each trigger delivers in the name of one of its own.

\`datastore.user\` is for the project because Firestore's roles know nothing smaller than a database.
With \`RESULT_URL=public\` on a bucket with fine-grained access the image worker also needs \`roles/storage.objectAdmin\` on the app's
bucket, to make single objects public; the default (\`token\`) does without.

How enough and how little: \`tests/integration/infra/rights.long.test.ts\` runs every service from end to end in the local cloud and
records each call to Cloud Storage, Firestore, Cloud Tasks and signBlob. It fails where a call takes a permission that its account does
not hold on that resource, where a role was needed by no call (unless its row says why), and where a smaller predefined role would
have done. \`actAs\` is what a task with an account's token takes. What the roles hold is a table of the tests, copied from Google's
documentation: this machine cannot ask IAM itself. Triggers, agents, tasks and builds act on Google's side, where no local run can see them:
their rows are what Google's documentation asks for.

| Who | Role | On | Why |
|---|---|---|---|
`

/** The text of docs/rights.md. */
export function rightsPage(project: Project): string {
  const rows = grantsOf(project).map(({ member, role, on, why, unrecorded }) => {
    const note = unrecorded === undefined ? '' : ` (in no recorded run: ${unrecorded})`
    return `| ${member} | \`${role}\` | \`${on}\` | ${why}${note} |`
  })
  return `${HEAD}${rows.join('\n')}\n`
}
