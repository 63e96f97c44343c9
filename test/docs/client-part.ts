import { readFileSync } from 'node:fs';
import { delayMs } from '../../src/clients/sdk/backoff.ts';
import { CLOSE } from '../../src/model/close-codes.ts';
import { cell, code } from './tables.ts';

/** The interfaces of the client that its users write or read, each with its file and its heading. */
const INTERFACES = [
  ['hub', 'HubOptions', 'Options of `connect`'],
  ['listener', 'ListenOptions', 'Options of `listen` and `subscribe`'],
  ['outbox', 'PublishOptions', 'Options of `publish` and `publishAll`'],
  ['values', 'ValuesOptions', 'Options of `list` and `latest`'],
  ['values', 'HistoryOptions', 'Options of `history`'],
  ['state', 'State', 'The state of the connection'],
  ['item', 'HubEvent', 'An event'],
  ['item', 'Gap', 'A gap'],
] as const;

/** The fields of the interfaces, as their source declares and explains them, and the wait for each close code. */
export function clientPart(): string {
  const sections = INTERFACES.map(([file, name, title]) => `## ${title}\n\n${tableOf(file, name)}`);
  return [...sections, `## How long it waits\n\n${waits()}`].join('\n');
}

export function tableOf(file: string, name: string): string {
  const source = readFileSync(new URL(`../../src/clients/sdk/${file}.ts`, import.meta.url), 'utf8');
  const [, body = ''] =
    new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ?? [];
  const field = /(?:^ {2}\/\*\*([\s\S]*?)\*\/\n)?^ {2}readonly (\w+)\??: (.+);$/gm;
  const rows = Array.from(body.matchAll(field), ([, about = '', of = '', type = '']) => {
    const says = about.replaceAll(/^\s*\*/gm, '').replaceAll(/\{@link (\w+)\}/g, '`$1`');
    return `| ${code(of)} | ${code(type.replace(' | undefined', ''))} | ${cell(says)} |\n`;
  });
  if (rows.length === 0) throw new Error(`${file}.ts has no interface ${name} with fields.`);
  return `| field | type | meaning |\n|---|---|---|\n${rows.join('')}`;
}

function waits(): string {
  const seconds = (ms: number): string => `${Math.round(ms / 100) / 10}`;
  const rows = Object.values(CLOSE).map(({ code: number, retry }) => {
    const link = `[${number}](close-codes.md#${number})`;
    if (retry === false) return `| ${link} | it does not come back | |\n`;
    const between = (attempt: number): string =>
      `${seconds(delayMs(retry, attempt, () => 0))} to ${seconds(delayMs(retry, attempt, () => 1))} s`;
    return `| ${link} | ${between(0)} | ${between(20)} |\n`;
  });
  return `| closed with | before the first attempt | at most, after many |\n|---|---|---|\n${rows.join('')}`;
}
