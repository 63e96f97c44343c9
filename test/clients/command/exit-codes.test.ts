import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HubError } from '../../../src/clients/sdk/errors.ts';
import { exitOf } from '../../../src/clients/cli/errors.ts';
import { EXIT } from '../../../src/clients/cli/exit-codes.ts';
import { ERROR_CODES } from '../../../src/model/errors.ts';
import { anchorsOf, page as pageAt } from '../../docs/pages.ts';
import { runHere } from '../../support/command.ts';
import { startNode } from '../../support/node.ts';
import { runCommand } from '../../support/process.ts';

const NOWHERE = 'ws://127.0.0.1:1';

describe('a command', () => {
  it('ends with 0, 1, 2, 3 or 4 by what became of it, and names the page to read', async () => {
    const node = await startNode();
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    const weak = await node.token('ann', { publish: ['a.b.c'], subscribe: ['a.b.c'] });
    const page = (name: string) => `See ${node.url}/docs/reference/errors#${name}`;
    for (const [args, code, see] of [
      [['publish', 'a.b.c', '1'], 0, undefined],
      [['publish', '{"no":"event"}'], 1, page('event_invalid')],
      [['connections', 'show', 'x'], 1, 'See /pages/command.md#exit-codes'],
      [['publish', 'a.b'], 2, 'See /pages/command.md'],
      [['publish', '--nothing'], 2, 'See /pages/command.md'],
      [['watch', 'a.b'], 2, page('pattern_invalid')],
      [['watch', '--since', 'yesterday?'], 2, 'See /pages/command.md'],
      [['publish', 'a.b.c', '--url', NOWHERE], 3, 'See /pages/command.md#contexts'],
      [['publish', 'x.y.z', '--token', weak], 4, page('forbidden')],
      [['publish', 'a.b.c', '--token', 'wrong'], 4, page('token_invalid')],
      [['watch', 'x.y.z', '--token', weak], 4, page('forbidden')],
      [['watch', 'a.b.c', '--token', 'wrong'], 4, `See ${node.url}/docs/reference/close-codes`],
      [['watch', 'a.b.c', '--token', 'ann:wrong'], 4, page('password_wrong')],
      [['whoami', '--token', 'ann:wrong'], 4, page('password_wrong')],
      [['watch', 'a.b.c', '--exec', ' '], 2, 'See /pages/command.md'],
      [['bench', NOWHERE, '--connections', '1', '--duration', '1'], 3, 'See /pages/command.md#exit-codes'],
    ] as const) {
      const ran = await runHere(args, env);
      expect([args, ran.code, ran.errorLines.findLast((line) => line.startsWith('See'))]).toEqual([
        args,
        code,
        see,
      ]);
    }
  });

  it('ends with 2 when a setting of a node is wrong, and when it is given no command', async () => {
    const wrong = await runCommand(['check'], { BELFRY_TOPICS_MAX: 'none' });
    expect([wrong.code, wrong.errorLines.at(-1)]).toEqual([
      2,
      expect.stringMatching(/See .*errors\.md#config_invalid$/),
    ]);
    expect((await runCommand([])).code).toBe(2);
    expect((await runCommand(['--help'])).code).toBe(0);
  });
});

describe('each error of the hub', () => {
  it('has an exit code that is one of the table', () => {
    const codes = new Set(ERROR_CODES.map((code) => EXIT[exitOf(new HubError(code, ''))].code));
    expect(codes).toEqual(new Set([1, 2, 4]));
  });
});

describe('each page that an error of the command names', () => {
  it('has that place', () => {
    const folder = new URL('../../../src/clients/cli/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const named = files.flatMap((file) => [
      ...readFileSync(new URL(file, folder), 'utf8').matchAll(/'(command|settings)#([\w-]+)'/g),
    ]);
    const places = new Set(named.map(([, name = '', anchor = '']) => `${name}#${anchor}`));
    expect(places).toContain('command#contexts');
    const missing = [...places].filter((place) => {
      const [name = '', anchor = ''] = place.split('#');
      return !anchorsOf(pageAt(`src/docs/reference/${name}.md`)).has(anchor);
    });
    expect(missing).toEqual([]);
  });
});
