import { createServer, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { runHere } from '../../support/command.ts';
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
  const { port } = new URL(node.url);
  // It passes requests on and drops each upgrade.
  const proxy = createServer((incoming, answer) => {
    const { method, url: path, headers } = incoming;
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
      answer.on('close', () => response.destroy());
    });
    sent.on('error', () => answer.destroy());
    incoming.pipe(sent);
  });
  proxy.on('upgrade', (_request, socket) => socket.destroy());
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const env = {
    BELFRY_URL: `ws://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    BELFRY_TOKEN: await node.token(),
  };
  await runHere(['publish', 'a.b.before', '{"n":9007199254740993}'], env);
  const watch = new CommandProcess(['watch', 'a.*.*', '--since', '10m', '--count', '2', '-o', 'jsonl'], env);
  await watch.line(/before.*9007199254740993/);
  await runHere(['publish', 'a.b.after', '1'], env);
  expect(await watch.exited).toMatchObject({ code: 0 });
  expect(watch.lines).toEqual([expect.stringContaining('"before"'), expect.stringContaining('"after"')]);
});

it('belfry publish repeats under one key what was lost on the way, so that it happens once', async () => {
  const node = await startNode();
  const { port } = new URL(node.url);
  const keys: unknown[] = [];
  // It drops the first request after the node has answered it.
  const proxy = createServer((incoming, answer) => {
    const { method, url: path, headers } = incoming;
    keys.push(headers['idempotency-key']);
    const isFirst = keys.length === 1;
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      if (isFirst) return void answer.destroy();
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(sent);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const token = await node.token();
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { code, lines } = await runHere(['publish', 'a.b.c', '1'], { BELFRY_URL: url, BELFRY_TOKEN: token });
  expect([code, keys.length, new Set(keys).size]).toEqual([0, 2, 1]);
  const heard = await runHere(['history', 'a.*.*', '-o', 'jsonl'], {
    BELFRY_URL: node.url,
    BELFRY_TOKEN: token,
  });
  expect(heard.lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(lines);
});
