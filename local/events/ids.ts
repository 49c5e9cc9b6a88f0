/** The ids that the platform gives to events; from `random`, so that a seed repeats them. */
export function createIds(random: () => number) {
  const digits = (count: number, base: number): string =>
    Array.from({ length: count }, () => Math.floor(random() * base).toString(base)).join('')
  return {
    /** As Pub/Sub counts: 17 decimal digits, the first not 0. */
    messageId: (): string => `${1 + Math.floor(random() * 9)}${digits(16, 10)}`,
    /** A version 4 UUID. */
    uuid(): string {
      const variant = '89ab'.charAt(Math.floor(random() * 4))
      return `${digits(8, 16)}-${digits(4, 16)}-4${digits(3, 16)}-${variant}${digits(3, 16)}-${digits(12, 16)}`
    },
  }
}
