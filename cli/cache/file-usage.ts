/** How `--help` explains what a FILE is. */
export const fileUsage = `A FILE is an id that \`forge cache ls\` shows (or the beginning of it), a gs:// address, or the id of a model that
is synced.`
