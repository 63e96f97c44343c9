import { describe, expect, it } from 'vitest';
import { dial } from '../gateway/connections-helpers.ts';
import { aConnection } from '../support/connection.ts';
import { runHere } from '../support/command.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { CommandProcess } from '../support/process.ts';

async function start(): Promise<{ node: TestNode; env: Record<string, string> }> {
  const node = await startNode({ BELFRY_NODE: 'n1' });
  return { node, env: { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() } };
}

const run = (env: Record<string, string>, ...args: string[]) => runHere(['connections', ...args], env);

describe('belfry connections', () => {
  it('list prints the connections that match the filters, as a table or as one line of JSON each', async () => {
    const { node, env } = await start();
    const bea = await dial(node, await node.token('bea', {}));
    const ada = await dial(
      node,
      await node.token('ada', { subscribe: ['a.*.*'] }),
      '/native/ws?pattern=a.*.*',
    );
    const { code, lines } = await run(env, 'list', 'Type=Eq(websocket)', '--sort', 'Principal');
    expect(code).toBe(0);
    expect(lines.map((line) => line.split(/ +/))).toEqual([
      ['ADDRESS', 'PRINCIPAL', 'TYPE', 'NODE', 'SINCE', 'EXPIRES', 'PATTERNS'],
      [ada.address, 'user:ada', 'native', 'n1', expect.any(String), expect.any(String), 'a.*.*'],
      [bea.address, 'user:bea', 'native', 'n1', expect.any(String), expect.any(String), '-'],
    ]);
    expect(new Set(lines.map((line) => line.indexOf('n1')).slice(1)).size).toBe(1);
    const json = await run(
      env,
      'list',
      'Type=websocket',
      '--sort',
      'Principal',
      '--reverse',
      '--limit',
      '1',
      '-o',
      'jsonl',
    );
    expect(json.lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ RemoteAddr: bea.address }]);
  });

  it('list reads page after page up to the limit', async () => {
    const { node, env } = await start();
    for (let i = 0; i < 1_100; i++)
      await node.hub.connections.register(aConnection(`10.0.${i >> 8}.${i & 255}:1`));
    const listed = async (...args: string[]) =>
      (await run(env, 'list', 'Type=websocket', '-o', 'jsonl', ...args)).lines;
    expect(await listed()).toHaveLength(1_100);
    expect(await listed('--limit', '1050')).toHaveLength(1_050);
  });

  it('show prints one connection by its address or id', async () => {
    const { node, env } = await start();
    const { address } = await dial(node, await node.token('ada', {}));
    const shown = JSON.parse((await run(env, 'show', address, '-o', 'json')).lines.join('\n')) as {
      Id: string;
    };
    expect(shown).toMatchObject({ RemoteAddr: address, Principal: 'user:ada' });
    expect((await run(env, 'show', shown.Id)).lines.join('\n')).toContain(address);
    const { code, errorLines } = await run(env, 'show', '127.0.0.1:1');
    expect([code, errorLines.join('\n')]).toEqual([
      1,
      expect.stringMatching(/There is no connection ".*" that you may see\. Expected the address/),
    ]);
  });

  it('close ends one connection by its address, or all connections of a principal, a node or a token', async () => {
    const { node, env } = await start();
    const tokens = await Promise.all(['ada', 'bea', 'cid'].map((name) => node.token(name, {})));
    const [ada, bea, cid] = await Promise.all(tokens.map((token) => dial(node, token)));
    const norn = await dial(node, undefined, '/norn/ws');
    const one = await run(env, 'close', ada?.address ?? '');
    expect([one.code, one.lines.at(-1)]).toEqual([0, expect.stringContaining('user:ada')]);
    expect(await ada?.closed).toMatchObject({ code: 4009 });
    await run(env, 'close', '--principal', 'user:bea');
    expect(await bea?.closed).toMatchObject({ code: 4009 });
    const claims = JSON.parse(Buffer.from((tokens[2] ?? '').split('.')[1] ?? '', 'base64url').toString()) as {
      jti: string;
    };
    const revoked = await run(env, 'close', '--token-id', claims.jti, '--until', '2099-01-01T00:00:00Z');
    expect(revoked.lines).toEqual(['REVOKED UNTIL', '2099-01-01T00:00:00.000Z']);
    expect(await cid?.closed).toMatchObject({ code: 4001 });
    const dan = await dial(node, await node.token('dan', {}));
    const all = await run(
      env,
      'close',
      '--principal',
      'user:dan',
      '--revoke',
      '--until',
      '2099-01-01T00:00:00Z',
    );
    expect(all.lines).toEqual(['REVOKED UNTIL', '2099-01-01T00:00:00.000Z']);
    expect(await dan.closed).toMatchObject({ code: 4001 });
    expect((await run(env, 'close', '--revoke')).errorLines.join()).toContain('Expected --principal');
    await run(env, 'close', '--node', 'n1');
    expect(await norn.closed).toMatchObject({ code: 4009 });
    for (const args of [[], ['a', '--node', 'n1']]) {
      const { code, errorLines } = await run(env, 'close', ...args);
      expect([code, errorLines.join('\n')]).toEqual([
        2,
        expect.stringContaining('Expected one address or id'),
      ]);
    }
  }, 30_000);

  it('watch prints the connections that are open, and then each one that opens or closes', async () => {
    const { node, env } = await start();
    const bea = await dial(node, await node.token('bea', {}));
    const watch = new CommandProcess(['connections', 'watch'], env);
    await watch.line(new RegExp(` {2}list {4}${bea.address}  user:bea  native  n1$`));
    const ada = await dial(node, await node.token('ada', {}));
    await watch.line(new RegExp(`  create  ${ada.address}  user:ada  native  n1$`));
    ada.ws.close(1000);
    await watch.line(
      new RegExp(`  delete  ${ada.address}  user:ada  native  n1  closed by the client \\(1000\\)$`),
    );
    watch.child.kill('SIGINT');
    expect(await watch.exited).toEqual({ code: 0, signal: null });
  });
});
