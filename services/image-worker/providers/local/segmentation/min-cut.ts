/** A cut problem on an 8-connected grid. Costs are whole numbers, so that the result does not depend on rounding. */
export interface GridCut {
  width: number
  height: number
  /** Per pixel: cost of calling it background minus cost of calling it foreground. */
  terminal: Int32Array
  /** Cost of separating a pixel from its neighbour to the right, below, below right and below left (0 at the edges). */
  right: Int32Array
  below: Int32Array
  belowRight: Int32Array
  belowLeft: Int32Array
}

const FREE = 0
const SOURCE = 1
const SINK = 2
const NO_PARENT = -1
const ROOT = 8
const FAR = 0x3fffffff

/**
 * Minimum cut by the augmenting-tree algorithm of Boykov and Kolmogorov (PAMI 2004), on a grid padded by one pixel
 * so that no neighbour lookup needs a bounds check. Returns 1 where a pixel is on the foreground side.
 */
export function minCut(problem: GridCut): Uint8Array {
  const { width, height } = problem
  const stride = width + 2
  const nodes = stride * (height + 2)
  // A direction's opposite is its number with the last bit flipped.
  const step = Int32Array.of(1, -1, stride, -stride, stride + 1, -stride - 1, stride - 1, -stride + 1)
  const residual = new Int32Array(nodes * 8)
  const terminal = new Int32Array(nodes)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x
      const node = (y + 1) * stride + x + 1
      terminal[node] = problem.terminal[pixel] as number
      const link = (direction: number, cost: number): void => {
        residual[node * 8 + direction] = cost
        residual[(node + (step[direction] as number)) * 8 + (direction ^ 1)] = cost
      }
      if (x + 1 < width) link(0, problem.right[pixel] as number)
      if (y + 1 < height) {
        link(2, problem.below[pixel] as number)
        if (x + 1 < width) link(4, problem.belowRight[pixel] as number)
        if (x > 0) link(6, problem.belowLeft[pixel] as number)
      }
    }
  }
  const tree = growTrees(nodes, step, residual, terminal)
  const side = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) side[y * width + x] = (tree[(y + 1) * stride + x + 1] as number) === SOURCE ? 1 : 0
  }
  return side
}

function growTrees(nodes: number, step: Int32Array, residual: Int32Array, terminal: Int32Array): Uint8Array {
  const tree = new Uint8Array(nodes)
  const parent = new Int8Array(nodes).fill(NO_PARENT)
  const distance = new Int32Array(nodes)
  const stamp = new Int32Array(nodes)
  const queue = new Int32Array(nodes + 1)
  const queued = new Uint8Array(nodes)
  const orphans: number[] = []
  let head = 0
  let tail = 0
  let time = 0

  const activate = (node: number): void => {
    if ((queued[node] as number) === 1) return
    queued[node] = 1
    queue[tail] = node
    tail = tail === nodes ? 0 : tail + 1
  }
  const orphan = (node: number): void => {
    parent[node] = NO_PARENT
    orphans.push(node)
  }

  /** Length of the way from `node` to its tree's terminal, or FAR when it hangs on an orphan. */
  const originDistance = (node: number): number => {
    let length = 0
    let at = node
    for (;;) {
      if ((stamp[at] as number) === time) {
        length += distance[at] as number
        break
      }
      const up = parent[at] as number
      if (up === NO_PARENT) return FAR
      length++
      if (up === ROOT) {
        stamp[at] = time
        distance[at] = 1
        break
      }
      at += step[up] as number
    }
    let left = length
    for (at = node; (stamp[at] as number) !== time; at += step[parent[at] as number] as number) {
      stamp[at] = time
      distance[at] = left--
    }
    return length
  }

  const adopt = (node: number): void => {
    const side = tree[node] as number
    let best = NO_PARENT
    let bestDistance = FAR
    for (let d = 0; d < 8; d++) {
      const other = node + (step[d] as number)
      if ((tree[other] as number) !== side) continue
      const room = side === SOURCE ? (residual[other * 8 + (d ^ 1)] as number) : (residual[node * 8 + d] as number)
      if (room === 0) continue
      const length = originDistance(other)
      if (length < bestDistance) {
        bestDistance = length
        best = d
      }
    }
    if (best !== NO_PARENT) {
      parent[node] = best
      stamp[node] = time
      distance[node] = bestDistance + 1
      return
    }
    tree[node] = FREE
    for (let d = 0; d < 8; d++) {
      const other = node + (step[d] as number)
      if ((tree[other] as number) !== side) continue
      const room = side === SOURCE ? (residual[other * 8 + (d ^ 1)] as number) : (residual[node * 8 + d] as number)
      if (room > 0) activate(other)
      if ((parent[other] as number) === (d ^ 1)) orphan(other)
    }
  }

  const augment = (from: number, d: number): void => {
    const to = from + (step[d] as number)
    let flow = residual[from * 8 + d] as number
    let at = from
    for (; (parent[at] as number) !== ROOT; at += step[parent[at] as number] as number) {
      const room = residual[(at + (step[parent[at] as number] as number)) * 8 + ((parent[at] as number) ^ 1)] as number
      if (room < flow) flow = room
    }
    if ((terminal[at] as number) < flow) flow = terminal[at] as number
    for (at = to; (parent[at] as number) !== ROOT; at += step[parent[at] as number] as number) {
      const room = residual[at * 8 + (parent[at] as number)] as number
      if (room < flow) flow = room
    }
    if (-(terminal[at] as number) < flow) flow = -(terminal[at] as number)

    residual[from * 8 + d] = (residual[from * 8 + d] as number) - flow
    residual[to * 8 + (d ^ 1)] = (residual[to * 8 + (d ^ 1)] as number) + flow
    for (at = from; (parent[at] as number) !== ROOT; ) {
      const up = parent[at] as number
      const next = at + (step[up] as number)
      residual[at * 8 + up] = (residual[at * 8 + up] as number) + flow
      residual[next * 8 + (up ^ 1)] = (residual[next * 8 + (up ^ 1)] as number) - flow
      if ((residual[next * 8 + (up ^ 1)] as number) === 0) orphan(at)
      at = next
    }
    terminal[at] = (terminal[at] as number) - flow
    if ((terminal[at] as number) === 0) orphan(at)
    for (at = to; (parent[at] as number) !== ROOT; ) {
      const up = parent[at] as number
      const next = at + (step[up] as number)
      residual[next * 8 + (up ^ 1)] = (residual[next * 8 + (up ^ 1)] as number) + flow
      residual[at * 8 + up] = (residual[at * 8 + up] as number) - flow
      if ((residual[at * 8 + up] as number) === 0) orphan(at)
      at = next
    }
    terminal[at] = (terminal[at] as number) + flow
    if ((terminal[at] as number) === 0) orphan(at)
  }

  /** Looks for an unsaturated link from `node` into the other tree; grows its own tree on the way. */
  const grow = (node: number): number => {
    const side = tree[node] as number
    for (let d = 0; d < 8; d++) {
      const other = node + (step[d] as number)
      const room = side === SOURCE ? (residual[node * 8 + d] as number) : (residual[other * 8 + (d ^ 1)] as number)
      if (room === 0) continue
      if ((tree[other] as number) === FREE) {
        tree[other] = side
        parent[other] = d ^ 1
        stamp[other] = stamp[node] as number
        distance[other] = (distance[node] as number) + 1
        activate(other)
      } else if ((tree[other] as number) !== side) {
        return d
      } else if (
        (stamp[other] as number) <= (stamp[node] as number) &&
        (distance[other] as number) > (distance[node] as number) + 1 &&
        (parent[other] as number) !== ROOT
      ) {
        parent[other] = d ^ 1
        stamp[other] = stamp[node] as number
        distance[other] = (distance[node] as number) + 1
      }
    }
    return NO_PARENT
  }

  for (let node = 0; node < nodes; node++) {
    if ((terminal[node] as number) === 0) continue
    tree[node] = (terminal[node] as number) > 0 ? SOURCE : SINK
    parent[node] = ROOT
    distance[node] = 1
    activate(node)
  }
  while (head !== tail) {
    const node = queue[head] as number
    head = head === nodes ? 0 : head + 1
    queued[node] = 0
    while ((tree[node] as number) !== FREE) {
      const d = grow(node)
      if (d === NO_PARENT) break
      time++
      if ((tree[node] as number) === SOURCE) augment(node, d)
      else augment(node + (step[d] as number), d ^ 1)
      for (let next = orphans.pop(); next !== undefined; next = orphans.pop()) adopt(next)
    }
  }
  return tree
}
