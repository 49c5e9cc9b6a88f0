/** Milliseconds of processor that this process has had. What takes long by itself shows in it, and a busy machine does not. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
