import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleClient } from '../../deploy/package/client-bundle.ts';
import { REMARKS as ABLY } from '../clients/sdk/compare/ably.ts';
import { REMARKS as BELFRY } from '../clients/sdk/compare/belfry.ts';
import { REMARKS as CENTRIFUGE } from '../clients/sdk/compare/centrifuge.ts';
import { REMARKS as SOCKET_IO } from '../clients/sdk/compare/socket-io.ts';
import { TASKS, type Remarks, type Task } from '../clients/sdk/compare/tasks.ts';
import { sizeOfPage } from '../support/page-size.ts';
import { tableOf } from './tables.ts';

/** A page in this folder, so that packages are found. */
const PAGE = fileURLToPath(new URL('page.js', import.meta.url));

interface Compared {
  readonly title: string;
  readonly file: string;
  readonly remarks: Remarks;
  /** What a page imports of it. */
  readonly imported: string;
}

const CLIENTS: readonly Compared[] = [
  { title: '`@belfry/client`', file: 'belfry', remarks: BELFRY, imported: '{ connect }' },
  { title: '`centrifuge`', file: 'centrifuge', remarks: CENTRIFUGE, imported: '{ Centrifuge }' },
  { title: '`socket.io-client`', file: 'socket-io', remarks: SOCKET_IO, imported: '{ io }' },
  { title: '`ably`', file: 'ably', remarks: ABLY, imported: '{ Realtime }' },
];

/** The size of each client, and the lines that each task takes by it. */
export async function clientsComparedPart(): Promise<string> {
  const heads = ['', ...CLIENTS.map(({ title }) => title)];
  const kilobytes = (await sizes()).map((bytes) => `${(bytes / 1024).toFixed(1)} KB`);
  const rows = Object.entries(TASKS).map(([task, says]) => [
    says,
    ...CLIENTS.map(({ file, remarks }) => cellOf(file, task as Task, remarks)),
  ]);
  const versions = ['this one', ...CLIENTS.slice(1).map(({ title }) => versionOf(title.replaceAll('`', '')))];
  return tableOf(heads, [
    ['version', ...versions],
    ['a page loads, minified and compressed', ...kilobytes],
    ...rows,
  ]);
}

function cellOf(file: string, task: Task, remarks: Remarks): string {
  const parts = [linesOf(file, task), remarks[task]].filter((part) => part !== undefined);
  if (parts.length === 0) throw new Error(`${file}.ts has neither a function ${task} nor a remark on it.`);
  return parts.join(', ');
}

/** The lines in the body of a function. */
function linesOf(file: string, task: Task): number | undefined {
  const source = readFileSync(new URL(`../clients/sdk/compare/${file}.ts`, import.meta.url), 'utf8');
  const [, body] =
    new RegExp(`^export (?:async )?function ${task}\\([\\s\\S]*?\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ??
    [];
  return body?.split('\n').filter((line) => line.trim() !== '').length;
}

function versionOf(name: string): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { devDependencies: Record<string, string> }).devDependencies[name] ?? '';
}

/** The bytes that a page loads at its start that does nothing but import the client. */
async function sizes(): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'belfry-compared-'));
  try {
    await bundleClient(folder);
    const own = join(folder, 'clients/sdk/index.js');
    const found: number[] = [];
    for (const { title, imported } of CLIENTS) {
      const name = title.replaceAll('`', '');
      const from = name === '@belfry/client' ? own : name;
      const code = `import ${imported} from '${from}';\nglobalThis.used = ${imported};\n`;
      found.push((await sizeOfPage(code, PAGE)).start);
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
