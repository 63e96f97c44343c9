import { expect, it } from 'vitest';
import { runHere } from '../../support/command.ts';
import { passOn, startHttpServer } from '../../support/http-server.ts';
import { startNode } from '../../support/node.ts';
import { CommandProcess } from '../../support/process.ts';

it('belfry says that a certificate is not trusted, ends with 3, and accepts it with --insecure', async () => {
  const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=drp+tls' });
  const [{ url } = { url: '' }] = node.listening;
  const env = { BELFRY_URL: url, BELFRY_TOKEN: await node.token() };
  for (const args of [
    ['publish', 'a.b.c', '1'],
    ['watch', 'a.b.c', '--since', '10m', '--count', '1'],
  ]) {
    const refused = await runHere(args, env);
    expect([refused.code, refused.errorLines.join('\n')]).toEqual([
      3,
      expect.stringContaining('or --insecure'),
    ]);
    expect(await runHere([...args, '--insecure'], env)).toMatchObject({ code: 0 });
  }
});

it('belfry watch takes a stream of HTTP where a proxy lets no socket through, and misses nothing', async () => {
  const node = await startNode();
  const port = Number(new URL(node.url).port);
  // It passes requests on and drops each upgrade.
  const proxy = await startHttpServer((incoming, response) => passOn(port, incoming, response));
  proxy.server.on('upgrade', (_request, socket) => socket.destroy());
  const env = { BELFRY_URL: proxy.url, BELFRY_TOKEN: await node.token() };
  await runHere(['publish', 'a.b.before', '{"n":9007199254740993}'], env);
  const watch = new CommandProcess(['watch', 'a.*.*', '--since', '10m', '--count', '2', '-o', 'jsonl'], env);
  await watch.line(/before.*9007199254740993/);
  await runHere(['publish', 'a.b.after', '1'], env);
  expect(await watch.exited).toMatchObject({ code: 0 });
  expect(watch.lines).toEqual([expect.stringContaining('"before"'), expect.stringContaining('"after"')]);
});

it('belfry publish repeats under one key what was lost on the way, so that it happens once', async () => {
  const node = await startNode();
  const port = Number(new URL(node.url).port);
  const keys: unknown[] = [];
  // It drops the first request after the node has answered it.
  const { url } = await startHttpServer((incoming, response) => {
    const isFirst = keys.push(incoming.headers['idempotency-key']) === 1;
    passOn(port, incoming, response, () => isFirst);
  });
  const token = await node.token();
  const { code, lines } = await runHere(['publish', 'a.b.c', '1'], { BELFRY_URL: url, BELFRY_TOKEN: token });
  expect([code, keys.length, new Set(keys).size]).toEqual([0, 2, 1]);
  const heard = await runHere(['history', 'a.*.*', '-o', 'jsonl'], {
    BELFRY_URL: node.url,
    BELFRY_TOKEN: token,
  });
  expect(heard.lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(lines);
});
