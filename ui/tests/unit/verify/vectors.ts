/** The project's own vectors, and others' where they lie beside the project. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(`${root}spec/vectors/${name}.json`, 'utf8')) as T;
}

/** Vectors of another implementation; nothing, said aloud, when they are not there. */
export function foreignVectors<T>(name: string): T | undefined {
  const path = `${root}../shared/data/rfc6962-vectors/${name}.json`;
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T;
  console.warn(`skipped: ${path} is not there`);
  return undefined;
}
