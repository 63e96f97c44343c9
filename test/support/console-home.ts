import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** The script of the page: it says who it is, and asks the API. */
export const SCRIPT = `document.title = 'ready'; await fetch('../api/v3/info'); ${'// words\n'.repeat(500)}`;
const STYLE = 'body { color: #123456 }';
const ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>';

/** The folder of a console that was built, as Vite builds one with relative addresses. It is removed after the test. */
export function builtConsole(script = SCRIPT): URL {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-console-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const home = pathToFileURL(`${folder}/`);
  writeConsole(home, script);
  return home;
}

/** Writes the build of a console whose page loads this script. */
export function writeConsole(home: URL, script: string): void {
  const file = (name: string): URL => new URL(`dist/${name}`, home);
  mkdirSync(file('assets/'), { recursive: true });
  writeFileSync(file('assets/index-a1.js'), script);
  writeFileSync(file('assets/index-a1.js.br'), brotliCompressSync(script));
  writeFileSync(file('assets/index-a1.js.gz'), gzipSync(script));
  writeFileSync(file('assets/index-b2.css'), STYLE);
  writeFileSync(file('assets/icon-c3.svg'), ICON);
  writeFileSync(
    file('index.html'),
    `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Belfry</title>
    <link rel="icon" type="image/svg+xml" href="./assets/icon-c3.svg" />
    <script type="module" crossorigin src="./assets/index-a1.js"></script>
    <link rel="stylesheet" crossorigin href="./assets/index-b2.css">
  </head>
  <body></body>
</html>
`,
  );
}
