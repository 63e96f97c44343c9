import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { ask, type Shown } from '../gateway/connections-helpers.ts';
import { startNode, TEST_SECRET, type TestNode } from '../support/node.ts';
import { CommandProcess, startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';
import { page } from './pages.ts';

interface Language {
  readonly name: string;
  readonly page: string;
  readonly block: string;
  readonly file: string;
  /** The name on the PATH of the program that runs or compiles it. */
  readonly needs: string;
  readonly version: string;
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'Python',
    page: 'listen-from-python',
    block: 'python',
    file: 'listen.py',
    needs: 'python3',
    version: '--version',
  },
  { name: 'Go', page: 'listen-from-go', block: 'go', file: 'listen.go', needs: 'go', version: 'version' },
];

/** Go compiles what the program uses of the standard library, if that was never compiled here. */
const SLOW = { timeout: 180_000 };

/** The command that runs the documented program, in which these hosts stand for the two of the page. */
async function commandFor(language: Language, hosts: readonly [string, string]): Promise<string[]> {
  const { page: name, block, file, needs } = language;
  const { text } = page(`src/docs/how-to/${name}.md`);
  const [, program = ''] = new RegExp(`\`\`\`${block}\n([\\s\\S]*?)\`\`\``).exec(text) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'belfry-listen-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const source = join(folder, file);
  const [first, second] = ['http://localhost:8801', 'http://localhost:8802'];
  await writeFile(source, program.replace(first, hosts[0]).replace(second, hosts[1]));
  if (needs !== 'go') return [needs, source];
  const binary = join(folder, 'listen');
  await promisify(execFile)('go', ['build', '-o', binary, source]);
  return [binary];
}

function run(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): CommandProcess {
  return new CommandProcess([], env, args, program);
}

async function publish(node: TestNode, key: string): Promise<string> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'profiles', action: 'save', key, object: { n: 1 } }),
  });
  expect(response.status).toBe(204);
  return response.headers.get('belfry-event-ids') ?? '';
}

/** The ids of the events that a program has printed, each as often as it did. */
const printedIds = ({ lines }: CommandProcess): string[] =>
  lines.flatMap((line) => /\d{13}-\d+/.exec(line)?.[0] ?? []);

const streams = async (node: TestNode): Promise<string[]> => {
  const { body } = await ask<Shown[]>(node.url, '/connections?Type=stream', await node.token());
  return body.map(({ Node }) => Node);
};

describe.each(LANGUAGES)('the documented program for $name that listens', (language) => {
  const isThere = spawnSync(language.needs, [language.version]).status === 0;
  const why = isThere ? '' : ` (skipped: ${language.needs} is not on the PATH)`;

  it.skipIf(!isThere)(
    `goes on at another node when its node is killed, with each event once, is told of a gap, and ends when the hub refuses it${why}`,
    SLOW,
    async () => {
      const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
      const node = await startNode({ ...settings, BELFRY_NODE: 'stays' });
      const doomed = await startNodeProcess({
        ...settings,
        BELFRY_NODE: 'doomed',
        BELFRY_JWT_SECRET: TEST_SECRET,
      });
      const command = await commandFor(language, [doomed.url, node.url]);
      const token = await node.token();
      const program = run(command, { BELFRY_TOKEN: token });
      await expect.poll(() => streams(node)).toEqual(['doomed']);
      const ids = [await publish(node, '0')];
      await expect.poll(() => printedIds(program)).toEqual(ids);
      for (let n = 1; n < 20; n++) {
        if (n === 10) doomed.child.kill('SIGKILL');
        ids.push(await publish(node, `${n}`));
      }
      await expect.poll(() => printedIds(program), { timeout: 30_000 }).toEqual(ids);
      ids.push(await publish(node, 'last'));
      await expect.poll(() => printedIds(program)).toEqual(ids);

      const late = run(command, { BELFRY_TOKEN: token, CURSOR: '1-0' });
      expect(await late.line(/^gap /)).toMatch(/reason/);
      const refused = run(command, { BELFRY_TOKEN: 'none' });
      await refused.line(/403/, refused.errorLines);
      await ask(node.url, '/connections?Type=stream&Node=stays', token, { method: 'DELETE' });
      for (const closed of [program, late]) await closed.line(/the hub closed with 4009/, closed.errorLines);
      for (const ended of [program, late, refused]) expect((await ended.exited).code).toBe(1);
      expect(printedIds(program)).toEqual(ids);
    },
  );
});
