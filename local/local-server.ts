const LOOPBACK = /^(https?:\/\/)?(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?\/?$/

/** @throws Error with what to do where an address is not on this machine, or nothing answers there. */
export async function checkLocalServer(address: string): Promise<void> {
  if (!LOOPBACK.test(address)) throw new Error(`${address} is not on this machine; only a local cloud is written to.`)
  const url = address.startsWith('http') ? address : `http://${address}`
  const answer = await fetch(url).catch(() => null)
  if (answer === null) throw new Error(`Nothing answers at ${address}: start the local cloud with \`npm run dev\`.`)
}
