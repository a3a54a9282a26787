/**
 * Builds the verifier into one file that needs no server: `dist/verify.html`, and its SHA-256 beside it. The script in it
 * is not minified, so that whoever relies on it can read it.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// Folded as browsers do before they compare: the text between the tags, with every line ending as it stands.
const hashSource = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const [result] = await build({
  configFile: false,
  logLevel: 'error',
  build: {
    write: false,
    minify: false,
    target: 'es2022',
    modulePreload: false,
    lib: { entry: here('./offline.ts'), formats: ['iife'], name: 'bullaVerify', fileName: 'verify' },
  },
});
const script = `\n${result.output[0].code.trim()}\n`;
if (/<\/script|<!--/i.test(script)) throw new Error('the script would end its own element');

const page = await readFile(here('./offline.html'), 'utf8');
const style = /<style>([^]*)<\/style>/.exec(page)[1];
const policy = `default-src 'none'; script-src ${hashSource(script)}; style-src ${hashSource(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
const html = page.replace('%POLICY%', () => policy).replace('%SCRIPT%', () => script);
const digest = createHash('sha256').update(html).digest('hex');

const dist = here('../../../dist/');
await mkdir(dist, { recursive: true });
await writeFile(`${dist}verify.html`, html);
await writeFile(`${dist}verify.html.sha256`, `${digest}  verify.html\n`);
console.log(`dist/verify.html: ${html.length} bytes, SHA-256 ${digest}`);
