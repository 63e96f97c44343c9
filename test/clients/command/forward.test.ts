import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runHere } from '../../support/command.ts';
import { startHttpServer } from '../../support/http-server.ts';
import { startNode } from '../../support/node.ts';
import { CommandProcess } from '../../support/process.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly key: string;
}

/** A receiver of webhooks that answers with what `answer` says of each delivery. */
async function receiver(answer: (delivery: Delivery, count: number) => number) {
  const deliveries: Delivery[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const delivery = { headers: request.headers, body, key: (JSON.parse(body) as { key: string }).key };
    deliveries.push(delivery);
    response.writeHead(answer(delivery, deliveries.length)).end();
  };
  const { url } = await startHttpServer((request, response) => void take(request, response));
  return { to: `${url}/hook`, deliveries };
}

async function start() {
  const node = await startNode();
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token(), BELFRY_WEBHOOK_SECRET: SECRET };
  const run = (...args: string[]) => runHere(args, env);
  const say = async (key: string): Promise<string> =>
    (await run('publish', `a.b.${key}`, '1')).lines[0] ?? '';
  return { env, run, say };
}

describe('belfry forward', () => {
  it('posts events that a library for Standard Webhooks accepts, under the ids of the events', async () => {
    const { env, say } = await start();
    const { to, deliveries } = await receiver(() => 204);
    const id = await say('1');
    const command = new CommandProcess(
      ['forward', 'a.*.*', '--to', to, '--since', '10m', '-o', 'jsonl'],
      env,
    );
    expect(JSON.parse(await command.line(/"id"/))).toMatchObject({ id, status: 204, error: null });
    const [delivery] = deliveries;
    const { headers = {}, body = '' }: Partial<Delivery> = delivery ?? {};
    const event = new Webhook(SECRET).verify(body, headers as Record<string, string>);
    expect([headers['webhook-id'], event]).toEqual([id, expect.objectContaining({ id, key: '1' })]);
    command.child.kill('SIGINT');
    expect((await command.exited).code).toBe(0);
  });

  it('repeats what was not accepted, keeps the order of each key, and lets other keys pass', async () => {
    const { env, say } = await start();
    let refusals = 0;
    const { to, deliveries } = await receiver(({ key }) => (key === '1' && refusals++ < 2 ? 500 : 204));
    const ids = [await say('1'), await say('1'), await say('2')];
    const command = new CommandProcess(['forward', 'a.*.*', '--to', to, '--since', '10m'], env);
    await vi.waitFor(() => expect(deliveries).toHaveLength(5), 10_000);
    const got = (key: string) =>
      deliveries.filter((each) => each.key === key).map(({ headers }) => headers['webhook-id']);
    expect([got('1'), got('2')]).toEqual([[ids[0], ids[0], ids[0], ids[1]], [ids[2]]]);
    expect(await command.line(/the answer was 500; again in \d+ ms/)).toContain(ids[0]);
  });

  it('goes on after what was accepted when it is started again with the same cursor file', async () => {
    const { env, say } = await start();
    const folder = mkdtempSync(join(tmpdir(), 'belfry-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const cursorFile = join(folder, 'cursor');
    let isUp = true;
    const { to, deliveries } = await receiver(() => (isUp ? 204 : 503));
    const args = ['forward', 'a.*.*', '--to', to, '--since', '10m', '--cursor-file', cursorFile];
    const first = await say('1');
    const before = new CommandProcess(args, env);
    await before.line(new RegExp(` 204 .*${first}`));
    isUp = false;
    const second = await say('2');
    await before.line(new RegExp(`${second} .* 503`));
    before.child.kill('SIGINT');
    await before.exited;
    expect(readFileSync(cursorFile, 'utf8')).toBe(`${first}\n`);
    isUp = true;
    deliveries.length = 0;
    const after = new CommandProcess(args, env);
    await after.line(new RegExp(` 204 .*${second}`));
    expect(deliveries.map(({ key }) => key)).toEqual(['2']);
  });

  it('ends with 1 when the receiver answers that it wants no more', async () => {
    const { env, say } = await start();
    const { to } = await receiver(() => 410);
    await say('1');
    const command = new CommandProcess(['forward', 'a.*.*', '--to', to, '--since', '10m'], env);
    expect([(await command.exited).code, command.errorLines.at(-2)]).toEqual([
      1,
      expect.stringContaining('wants no more events'),
    ]);
  });

  it.each([
    [['--to', 'nowhere'], 'no URL'],
    [['--to', 'http://ann:secret@127.0.0.1:1/'], 'The URL of 127.0.0.1:1 holds a password'],
    [['--to', 'http://127.0.0.1:1', '--secret', 'whsec_short'], 'secret'],
    [[], '--to'],
  ])('ends with 2 when it is told %j', async (args, says) => {
    const { run } = await start();
    const { code, errorLines } = await run('forward', 'a.*.*', ...args);
    expect([code, errorLines[0]]).toEqual([2, expect.stringContaining(says)]);
  });
});

describe('belfry resend', () => {
  it('posts an event of the log once more, and ends with 1 when it is not accepted or not there', async () => {
    const { run, say } = await start();
    const { to, deliveries } = await receiver((_delivery, count) => (count === 1 ? 204 : 500));
    const ids = [await say('1'), await say('2')];
    expect((await run('resend', ids[1] ?? '', '--to', to)).code).toBe(0);
    expect(deliveries.map(({ headers, key }) => [headers['webhook-id'], key])).toEqual([[ids[1], '2']]);
    expect((await run('resend', ids[0] ?? '', '--to', to)).code).toBe(1);
    const missing = await run('resend', '1-0', '--to', to);
    expect([missing.code, missing.errorLines[0]]).toEqual([1, expect.stringContaining('no event 1-0')]);
  });
});
