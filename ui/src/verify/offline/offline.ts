/**
 * The page of `verify.html`: takes a key, a proof and an entry, and says what they prove. Everything it shows is text.
 */

import { bytesOf, Malformed, textOf, toHex } from '../bytes';
import { parseVerifierKey } from '../key';
import { checkProofFile, NotProved, parseProofFile, type ProofFile } from '../proof-file';
import { BadSignature, NotSigned, type SignedCheckpoint } from '../note';
import { readLine } from '../range';
import { leafHash } from '../tree';

const NOT_PROVED = [
  'that the key above is the log’s: that is your decision',
  'that what the entry says is true, or that the clock was right',
  'that nothing was logged after the checkpoint, or left out before it',
  'that others are shown the same log: this page asks no witness; `bulla check --policy` does',
  'anything about payloads: an entry has their digests only',
];

function element<T extends HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Bytes of a chosen file, or else of the text beside it. */
async function given(name: string): Promise<Uint8Array> {
  const file = element<HTMLInputElement>(`#${name}-file`).files?.[0];
  if (file) return new Uint8Array(await file.arrayBuffer());
  return bytesOf(element<HTMLTextAreaElement>(`#${name}`).value);
}

/** A stored line has no newline; tools and editors put one behind it. */
async function checkWithoutNewline(proof: ProofFile, entry: Uint8Array, vkey: string): Promise<[SignedCheckpoint, Uint8Array]> {
  const key = await parseVerifierKey(vkey);
  try {
    return [await checkProofFile(proof, entry, key), entry];
  } catch (error) {
    if (!(error instanceof NotProved) || entry.at(-1) !== 0x0a) throw error;
    const line = entry.subarray(0, -1);
    return [await checkProofFile(proof, line, key), line];
  }
}

async function check(): Promise<void> {
  const out = element<HTMLOutputElement>('output');
  out.replaceChildren();
  try {
    const vkey = element<HTMLInputElement>('#vkey').value.trim();
    const proof = parseProofFile(await given('proof'));
    const [checkpoint, entry] = await checkWithoutNewline(proof, await given('entry'), vkey);
    out.dataset['verdict'] = 'verified';
    say(out, 'Verified', `These bytes are entry ${proof.index} of the log ${checkpoint.origin}, which signed a tree of ${checkpoint.size} entries.`);
    const line = readLine(entry);
    if (line && String(line.seq) !== String(proof.index)) {
      say(out, 'But', `the entry itself bears the number ${String(line.seq)}, and not the ${proof.index} of its place.`);
    }
    list(out, 'What was checked', [
      `the leaf hash of ${entry.length} bytes: ${toHex(await leafHash(entry))}`,
      `that ${proof.proof.length} hashes lead from it to the signed root`,
      `the signature of the checkpoint, by the key above`,
    ]);
    list(out, 'What that does not prove', NOT_PROVED);
    say(out, 'The entry', '').append(preformatted(textOf(entry)));
  } catch (error) {
    out.dataset['verdict'] = 'failed';
    say(out, headline(error), error instanceof Error ? error.message : String(error));
  }
}

function headline(error: unknown): string {
  if (error instanceof NotProved) return 'Not proved';
  if (error instanceof BadSignature) return 'The checkpoint is not what was signed';
  if (error instanceof NotSigned) return 'Not signed by this key';
  return error instanceof Malformed ? 'Not in its form' : 'Cannot verify';
}

function say(out: HTMLElement, title: string, text: string): HTMLElement {
  const heading = document.createElement('h2');
  heading.textContent = title;
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  out.append(heading, paragraph);
  return out;
}

function list(out: HTMLElement, title: string, items: string[]): void {
  const points = document.createElement('ul');
  for (const item of items) points.appendChild(document.createElement('li')).textContent = item;
  say(out, title, '').append(points);
}

function preformatted(text: string): HTMLElement {
  const block = document.createElement('pre');
  block.textContent = text;
  return block;
}

for (const name of ['proof', 'entry']) {
  // What was typed goes when a file is chosen, and the file when something is typed: only one of them is what is checked.
  const [file, text] = [element<HTMLInputElement>(`#${name}-file`), element<HTMLTextAreaElement>(`#${name}`)];
  file.addEventListener('change', () => (text.value = ''));
  text.addEventListener('input', () => (file.value = ''));
}
element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void check();
});
