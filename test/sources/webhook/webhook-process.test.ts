import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { startNode } from '../../support/node.ts';
import { runHere } from '../../support/command.ts';
import { CommandProcess } from '../../support/process.ts';

const SECRET = 'a secret of the hook';
const BODY = '{"repository":{"full_name":"octo/repo"}}';

it('belfry source webhook receives a hook, serves its health apart, and ends with 0 once it is told to', async () => {
  const node = await startNode();
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token(), BELFRY_SOURCE_SECRET: SECRET };
  const address = '127.0.0.1:0';
  const args = ['source', 'webhook', '--hook', 'github', '--check', 'github', '--receive', address];
  const source = new CommandProcess([...args, '--listen', address], env);
  const portIn = async (pattern: RegExp): Promise<string> =>
    pattern.exec(await source.line(pattern, source.errorLines))?.[1] ?? '';
  const port = await portIn(/receiving \/hooks\/github at port (\d+)/);
  const health = `http://127.0.0.1:${await portIn(/\/metrics at port (\d+)/)}`;
  const post = (secret: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/hooks/github`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-GitHub-Delivery': secret,
        'X-GitHub-Event': 'push',
        'X-Hub-Signature-256': `sha256=${createHmac('sha256', secret).update(BODY).digest('hex')}`,
      },
      body: BODY,
    });
  expect([(await post(SECRET)).status, (await post('a wrong secret')).status]).toEqual([202, 401]);
  expect((await fetch(`${health}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${health}/metrics`)).text()).toContain(
    'belfry_source_webhook_answers_total{hook="github",status="202"} 1',
  );
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404);
  source.child.kill('SIGTERM');
  expect((await source.exited).code).toBe(0);
  expect([...source.lines, ...source.errorLines].join('\n')).not.toContain(SECRET);
});

it.each([
  [[], 'Expected either --config, or --hook with --check.'],
  [['--hook', 'a', '--check', 'git'], 'Expected one of standard, github'],
  [['--hook', 'a', '--check', 'github'], 'the variable BELFRY_SOURCE_SECRET is empty'],
])('belfry source webhook %j ends with 2 and says what is missing', async (args, says) => {
  const { code, errorLines } = await runHere(['source', 'webhook', ...args]);
  expect([code, errorLines[0]]).toEqual([2, expect.stringContaining(says)]);
});
