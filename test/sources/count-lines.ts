/**
 * A command that prints numbered lines up to a number, three of them at each position. It begins some lines before the
 * position that it is given, as a log does that can be read only from a second on. If a file is named, it prints no more lines than
 * the file says, so that a test decides when it goes on.
 */
import { readFileSync } from 'node:fs';

const AT_ONE_POSITION = 3;
const BEFORE = 40;
const AT_ONCE = 500;
const [, , last = '0', restMs = '0', permit] = process.argv;
const permitted = (): number => (permit === undefined ? Infinity : Number(readFileSync(permit, 'utf8')));
const { BELFRY_SOURCE_AT: at } = process.env;

let n = at === undefined ? 0 : Math.max(0, (Number(at) - BEFORE) * AT_ONE_POSITION);
while (n < Number(last)) {
  while (n >= permitted()) await new Promise((resolve) => void setTimeout(resolve, 20));
  const lines: string[] = [];
  for (const end = Math.min(n + AT_ONCE, Number(last)); n < end; n++)
    lines.push(JSON.stringify({ n, at: String(Math.floor(n / AT_ONE_POSITION)), text: 'ü'.repeat(20) }));
  if (!process.stdout.write(`${lines.join('\n')}\n`))
    await new Promise<void>((resolve) => void process.stdout.once('drain', resolve));
  if (restMs !== '0') await new Promise((resolve) => void setTimeout(resolve, Number(restMs)));
}
