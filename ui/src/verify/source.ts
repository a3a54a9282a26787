/**
 * The log as its server shows it: four kinds of files below one address. What comes from here is only claimed.
 */

import { Malformed, type Bytes } from './bytes';
import { decodeEntries, decodeHashes, tilePath, type TileKind } from './tile';
import type { Hash } from './tree';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** The server did not answer, or would not: nothing is known. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** The server does not have it. */
export class Missing extends Unavailable {
  override name = 'Missing';
}

/** 512 tiles of hashes are 4 MiB: the edges and paths of what a reader looks at. */
const KEPT_MAX = 512;

/** What was made under this name before, or is made now. Failures are not kept; of too many, the oldest goes. */
export function kept<T>(map: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const before = map.get(name);
  if (before) return before;
  const made = make();
  if (map.size >= KEPT_MAX) map.delete(map.keys().next().value as string);
  map.set(name, made);
  made.catch(() => map.delete(name));
  return made;
}

export class LogSource {
  /** By path. What is at the path of a tile never changes. */
  private readonly tiles = new Map<string, Promise<Hash[]>>();

  /** `base` is the server's address with a slash at its end, or empty for the one that the page came from. */
  constructor(
    private readonly fetch: Fetch,
    private readonly base: string,
  ) {}

  /** The verifier key that the server names. */
  async namedKey(): Promise<string> {
    const identity: unknown = await (await this.answer('log.json', 'no-store')).json().catch(() => undefined);
    const vkey = (identity as { vkey?: unknown } | null | undefined)?.vkey;
    if (typeof vkey !== 'string') throw new Malformed('log.json names no verifier key');
    return vkey;
  }

  /** The newest checkpoint: never one that a cache kept, or a log would seem to shrink. */
  async checkpoint(): Promise<Bytes> {
    return bodyOf(await this.answer('checkpoint', 'no-store'));
  }

  /** A tile of hashes; `anew` when the one that a cache had was wrong. */
  hashes(level: number, index: number, width: number, anew = false): Promise<Hash[]> {
    const path = tilePath(level, index, width);
    if (anew) this.tiles.delete(path);
    return kept(this.tiles, path, async () => {
      return decodeHashes(await this.tile(level, index, width, anew ? 'reload' : 'default'), width);
    });
  }

  /** A tile of entries, as the server has it now. It is not kept: reading a whole log must not need memory for it. */
  async entries(index: number, width: number): Promise<Bytes[]> {
    return decodeEntries(await this.tile('entries', index, width, 'no-store'), width);
  }

  /** Asks for everything again. */
  forget(): void {
    this.tiles.clear();
  }

  private async tile(kind: TileKind, index: number, width: number, cache: RequestCache): Promise<Bytes> {
    return bodyOf(await this.answer(tilePath(kind, index, width), cache));
  }

  private async answer(path: string, cache: RequestCache): Promise<Response> {
    const response = await this.fetch(this.base + path, { cache, credentials: 'same-origin' }).catch((error: unknown) => {
      throw new Unavailable(`the server did not answer for ${path}: ${String(error)}`);
    });
    if (response.ok) return response;
    if (response.status === 404) throw new Missing(`the server does not have ${path}`);
    if (response.status === 401) throw new Unavailable(`the server asks for a login before it shows ${path}`);
    const detail = await response.text().catch(() => '');
    throw new Unavailable(`the server answered ${response.status} for ${path} ${detail.slice(0, 300)}`.trim());
  }
}

async function bodyOf(response: Response): Promise<Bytes> {
  const bytes = await response.arrayBuffer().catch((error: unknown) => {
    throw new Unavailable(`the answer for ${response.url} broke off: ${String(error)}`);
  });
  return new Uint8Array(bytes);
}
