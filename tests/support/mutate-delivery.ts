/** A webhook delivery as its receiver sees it. */
interface Delivery {
  headers: Record<string, string | string[] | undefined>
  body: Uint8Array
}

const PARTS = ['id', 'timestamp', 'body', 'signature'] as const

/** One change of one signed part, or of the bytes of the signature that matches. Never without effect. */
export function mutateDelivery(
  { headers, body }: Delivery,
  random: () => number,
): { part: (typeof PARTS)[number]; delivery: Delivery } {
  const part = PARTS[Math.floor(random() * PARTS.length)] ?? 'id'
  const change = (bytes: Uint8Array): Buffer => mutateBytes(Buffer.from(bytes), random)
  // A header's characters are bytes: Latin-1, as Node reads them.
  const changed = (text: unknown): string => change(Buffer.from(String(text), 'latin1')).toString('latin1')
  switch (part) {
    case 'body':
      return { part, delivery: { headers, body: change(body) } }
    case 'signature': {
      const [label, mac] = String(headers['webhook-signature']).split(',')
      // A blank would end the entry, and an entry more is legal.
      const forged = changed(mac).replaceAll(' ', '!')
      return { part, delivery: { body, headers: { ...headers, 'webhook-signature': `${label},${forged}` } } }
    }
    default: {
      const name = `webhook-${part}`
      return { part, delivery: { body, headers: { ...headers, [name]: changed(headers[name]) } } }
    }
  }
}

/** A bit flipped, a byte replaced, put in, taken out, two swapped, or the end cut off. */
function mutateBytes(bytes: Buffer, random: () => number): Buffer {
  for (;;) {
    const changed = mutateOnce(bytes, random)
    if (!changed.equals(bytes)) return changed
  }
}

function mutateOnce(bytes: Buffer, random: () => number): Buffer {
  const upTo = (count: number): number => Math.floor(random() * count)
  const at = upTo(bytes.length)
  const copy = Buffer.from(bytes)
  switch (upTo(6)) {
    case 0:
      copy.writeUInt8(copy.readUInt8(at) ^ (1 << upTo(8)), at)
      return copy
    case 1:
      copy.writeUInt8(upTo(256), at)
      return copy
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(upTo(256)), bytes.subarray(at)])
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
    case 4: {
      const other = upTo(bytes.length)
      copy.writeUInt8(bytes.readUInt8(other), at)
      copy.writeUInt8(bytes.readUInt8(at), other)
      return copy
    }
    default:
      return bytes.subarray(0, at)
  }
}
