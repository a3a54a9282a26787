/** A log in memory, with the tree of RFC 6962 over it and checkpoints that a key made for the test signs. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

const hash = (...parts: Uint8Array[]): Buffer => {
  const hasher = createHash('sha256')
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}

/** 256 hashes are a whole tile. */
const TILE = 256

export class MockLog {
  readonly lines: Buffer[] = []
  readonly entries: Record<string, unknown>[] = []
  readonly origin: string
  /** Hashes by level: level 0 are the leaves, level 1 each pair of them, as far as they are whole. */
  #levels: Buffer[][] = [[]]
  #key: KeyObject
  readonly vkey: string
  #keyId: Buffer
  #published = 0
  /** Sizes at which a checkpoint was published. */
  readonly history: number[] = []
  /** Payloads by the digest of salt and content. */
  readonly payloads = new Map<string, { salt: Buffer; content: Buffer }>()
  readonly followers = new Set<() => void>()

  constructor(origin = 'mock.example/audit') {
    this.origin = origin
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
    this.#key = privateKey
    const typed = Buffer.concat([Buffer.from([1]), raw])
    this.#keyId = hash(Buffer.from(`${origin}\n`), typed).subarray(0, 4)
    this.vkey = `${origin}+${this.#keyId.toString('hex')}+${typed.toString('base64')}`
  }

  get size(): number {
    return this.lines.length
  }

  record(event: Record<string, unknown>, recordedAt: Date): void {
    const entry = { seq: this.size, recorded_at: recordedAt.toISOString().replace('Z', '000000Z'), ...event }
    this.recordLine(Buffer.from(JSON.stringify(entry)), entry)
  }

  recordLine(line: Buffer, entry: Record<string, unknown>): void {
    this.lines.push(line)
    this.entries.push(entry)
    let node = hash(Buffer.from([0]), line)
    for (let level = 0; ; level += 1) {
      const row = (this.#levels[level] ??= [])
      row.push(node)
      if (row.length % 2 === 1) break
      node = hash(Buffer.from([1]), row.at(-2) ?? node, node)
    }
    for (const wake of this.followers) wake()
  }

  publish(): void {
    this.#published = this.size
    if (this.history.at(-1) !== this.size) this.history.push(this.size)
  }

  /** Stores content beside the log; gives what an entry says of it. */
  store(name: string, mediaType: string, content: Buffer, salt: Buffer = randomBytes(32)): Record<string, unknown> {
    const sha256 = hash(salt, content).toString('hex')
    this.payloads.set(sha256, { salt, content })
    return { name, media_type: mediaType, size: content.length, sha256, ref: sha256 }
  }

  get published(): number {
    return this.#published
  }

  leafHash(seq: number): string {
    return (this.#levels[0]?.[seq] ?? Buffer.alloc(0)).toString('base64')
  }

  root(size: number): Buffer {
    if (size === 0) return hash()
    let root: Buffer | undefined
    let end = size
    for (let level = 0; end > 0; level += 1, end >>= 1) {
      if (end % 2 === 0) continue
      const node = this.#levels[level]?.[end - 1]
      if (node === undefined) throw new Error('a hash is missing')
      root = root === undefined ? node : hash(Buffer.from([1]), node, root)
    }
    return root ?? hash()
  }

  checkpoint(size = this.#published): string {
    const text = `${this.origin}\n${size}\n${this.root(size).toString('base64')}\n`
    const signature = Buffer.concat([this.#keyId, sign(null, Buffer.from(text), this.#key)])
    return `${text}\n— ${this.origin} ${signature.toString('base64')}\n`
  }

  /** Hashes of one row: level 1 of tiles begins with the roots of whole tiles of level 0. */
  tile(level: number, index: number, width: number): Buffer | undefined {
    const row = this.#levels[level * 8] ?? []
    const hashes = row.slice(index * TILE, index * TILE + width)
    return hashes.length === width ? Buffer.concat(hashes) : undefined
  }

  entryTile(index: number, width: number): Buffer | undefined {
    const lines = this.lines.slice(index * TILE, index * TILE + width)
    if (lines.length !== width) return undefined
    return Buffer.concat(
      lines.flatMap((line) => {
        const length = Buffer.alloc(2)
        length.writeUInt16BE(line.length)
        return [length, line]
      }),
    )
  }

  /** A `.tlog-proof` (c2sp.org/tlog-proof). */
  proof(seq: number): string {
    const path = inclusion(seq, 0, this.#published, (from, to) => this.#subtree(from, to))
    const hashes = path.map((one) => `${one.toString('base64')}\n`).join('')
    return `c2sp.org/tlog-proof@v1\nindex ${seq}\n${hashes}\n${this.checkpoint()}`
  }

  #subtree(from: number, to: number): Buffer {
    if (to - from === 1) return this.#levels[0]?.[from] ?? Buffer.alloc(32)
    const half = 2 ** Math.floor(Math.log2(to - from - 1))
    return hash(Buffer.from([1]), this.#subtree(from, from + half), this.#subtree(from + half, to))
  }
}

function inclusion(seq: number, from: number, to: number, subtree: (from: number, to: number) => Buffer): Buffer[] {
  if (to - from <= 1) return []
  const half = from + 2 ** Math.floor(Math.log2(to - from - 1))
  return seq < half
    ? [...inclusion(seq, from, half, subtree), subtree(half, to)]
    : [...inclusion(seq, half, to, subtree), subtree(from, half)]
}
