// Runs before everything else (`node --import`, first in every bundle). Plain JavaScript: an older Node can't read the rest.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

// Node runs TypeScript by itself since 22.18 and 23.6.
const isNewEnough = major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)

if (!isNewEnough) {
  console.error(
    `This needs Node 22.18 or newer, and this is ${process.version}: install a newer one, or on Linux run it through npm scripts, which bring Node 24.`,
  )
  process.exit(1)
}
