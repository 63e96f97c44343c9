import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** The script of the page: it says who it is, and asks the API. */
export const SCRIPT = `document.title = 'ready'; await fetch('../api/v3/info'); ${'// words\n'.repeat(500)}`;
const STYLE = 'body { color: #123456 }';
const ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>';

/** The folder of a console that was built, as Vite builds one with relative addresses. It is removed after the test. */
export function builtConsole(script = SCRIPT): URL {
  const home = ownFolder();
  writeConsole(home, script);
  return home;
}

function ownFolder(): URL {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-console-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5, retryDelay: 100 }));
  return pathToFileURL(`${folder}/`);
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

const ROOT = new URL('../../', import.meta.url);

/** A checkout that has what builds a console, and as the console a page with one script. */
export class ConsoleCheckout {
  /** The folder of the console in it. */
  readonly home: URL;
  readonly #root = ownFolder();

  /** A build that is endless goes on until it is ended. */
  constructor(script: string, { installed = true, endless = false } = {}) {
    const home = new URL('src/clients/console/', this.#root);
    this.home = home;
    mkdirSync(new URL('src/', home), { recursive: true });
    for (const name of ['deploy', ...(installed ? ['node_modules'] : [])])
      symlinkSync(fileURLToPath(new URL(name, ROOT)), fileURLToPath(new URL(name, this.#root)));
    writeFileSync(new URL('package-lock.json', this.#root), '{}');
    writeFileSync(
      new URL('vite.config.ts', home),
      `import { appendFileSync } from 'node:fs';
appendFileSync(new URL('builds.txt', ${JSON.stringify(this.#root.href)}), 'built ');
${endless ? 'await new Promise((resolve) => setTimeout(resolve, 1e9));' : ''}
export default { base: './' };
`,
    );
    writeFileSync(
      new URL('index.html', home),
      '<!doctype html><html><head><script type="module" src="./src/main.ts"></script></head></html>',
    );
    this.write(script);
  }

  /** Changes the script of the page. */
  write(script: string): void {
    writeFileSync(new URL('src/main.ts', this.home), script);
  }

  /** How often a build has begun. */
  get builds(): number {
    return readFileSync(new URL('builds.txt', this.#root), 'utf8').trim().split(' ').length;
  }
}
