/**
 * The page's style: one column to read, a list of contents beside it where there is room, dark where the reader is. On a phone
 * the contents are one link a chapter, so that the page begins with itself, and a table's cells lie below each other.
 */
export const style = `
:root { color-scheme: light dark; --ink: light-dark(#1c1f26, #e4e6eb); --soft: light-dark(#5b6270, #9aa2b1);
  --line: light-dark(#e2e5ea, #2c313b); --paper: light-dark(#fff, #14161b); --panel: light-dark(#f6f7f9, #1b1e25);
  --get: light-dark(#0b6e4f, #4fd1a5); --post: light-dark(#1d4ed8, #8fb4ff); --delete: light-dark(#b91c1c, #fca5a5); --warn: light-dark(#9a3412, #fdba74) }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif }
a { color: inherit }
.page { display: grid; grid: "nav header" auto "nav main" 1fr / 17rem minmax(0, 52rem); column-gap: 3rem; max-width: 78rem; margin: 0 auto; padding: 0 1.5rem }
.page > header { grid-area: header; padding-top: 2.5rem }
nav { grid-area: nav; position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; padding: 2.5rem 0; font-size: .9rem }
nav h2 { margin: 1.4rem 0 .3rem; font-size: .75rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft) }
nav ul { margin: 0; padding: 0; list-style: none }
nav a { display: block; padding: .15rem 0; text-decoration: none }
nav a:hover, nav a:focus { text-decoration: underline }
main { grid-area: main; padding: 0 0 6rem }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2 }
h2 { margin: 3.5rem 0 .25rem; font-size: 1.4rem; scroll-margin-top: 1rem }
main > h2:first-child { margin-top: 2.5rem }
h4 { margin: 1.25rem 0 .4rem; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft) }
p { margin: .4rem 0 }
.soft { color: var(--soft) }
article { margin: 1.5rem 0; border: 1px solid var(--line); border-radius: .75rem; overflow: hidden; scroll-margin-top: 1rem }
article > header { padding: 1rem 1.25rem; background: var(--panel); border-bottom: 1px solid var(--line) }
article > header h3 { margin: 0; font-size: 1.05rem }
article > .body { padding: .25rem 1.25rem 1.25rem }
.call { font: .95rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
.method { display: inline-block; min-width: 3.2rem; font-weight: 700 }
.get { color: var(--get) } .post, .patch { color: var(--post) } .delete { color: var(--delete) }
code { font: .9em ui-monospace, monospace; background: var(--panel); border-radius: .25rem; padding: .05rem .25rem }
pre { margin: .4rem 0; padding: .9rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; overflow: auto; font: .85rem/1.5 ui-monospace, monospace }
pre code { background: none; padding: 0; font: inherit }
table { width: 100%; border-collapse: collapse; font-size: .92rem }
td { padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
td:first-child { white-space: nowrap; width: 1% }
.need { color: var(--warn); font-size: .8em }
.status { font-weight: 700; font-variant-numeric: tabular-nums }
@media (max-width: 60rem) {
  .page { display: block }
  nav { position: static; max-height: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 1rem 0 0 }
  nav h2, nav ul { margin: 0; font-size: 1rem; letter-spacing: 0; text-transform: none }
  nav ul { display: flex; flex-wrap: wrap; gap: inherit }
  nav .calls, nav h2:last-of-type { display: none }
  nav a { text-decoration: underline; padding: .4rem 0 }
}
@media (max-width: 40rem) {
  article > header { padding: 1rem } article > .body { padding: .25rem 1rem 1rem }
  tbody, tr, td { display: block }
  td, td:first-child { width: auto; white-space: normal; padding-right: 0 }
  td + td { border-top: 0; padding-top: 0 }
}
`
