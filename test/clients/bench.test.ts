import { describe, expect, it } from 'vitest';
import { bench, benchTable } from '../../src/clients/cli/bench.ts';
import { progressOn } from '../../src/clients/cli/progress.ts';
import { startNode } from '../support/node.ts';
import { runCommand } from '../support/process.ts';

const LOAD = { connections: 5, pattern: 'logs,bench.*.*', rate: 500, duration: 0.05, size: 64 };

describe('belfry bench', () => {
  it('counts every event at every connection and measures its latency, over plain sockets and over TLS', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=drp,127.0.0.1:0=drp+tls' });
    for (const { url } of node.listening) {
      const shares: number[] = [];
      const result = await bench({
        ...LOAD,
        url,
        token: await node.token(),
        insecure: true,
        progress: (_what, share) => void shares.push(share),
      });
      expect(result.published).toBe(LOAD.rate * LOAD.duration);
      expect([result.connections, result.events, result.ended]).toEqual([5, result.published * 5, {}]);
      expect(result.p50).toBeGreaterThan(0);
      expect(result.max).toBeGreaterThanOrEqual(result.p99);
      expect([shares[0], shares.at(-1)]).toEqual([1 / 5, 1]);
      expect(benchTable(result).join('\n')).toContain('125 of 125');
    }
    await expect.poll(() => node.hub.connections.size).toBe(0);
  });

  it('prints the answer of the hub when the hub refuses to let it connect, subscribe or publish', async () => {
    const node = await startNode();
    const refusals = {
      token_invalid: 'no token at all',
      'may hear': await node.token('ann', { publish: ['*.*.*'] }),
      'no grant to publish': await node.token('ann', { subscribe: ['*.*.*'] }),
    };
    for (const [said, token] of Object.entries(refusals))
      await expect(bench({ ...LOAD, url: node.url, token })).rejects.toThrow(said);
    await expect(bench({ ...LOAD, url: node.url, pattern: 'logs' })).rejects.toThrow('type.action.key');
  });

  it('prints its result as JSON when it runs as a command with --output json', async () => {
    const node = await startNode();
    const args = ['bench', node.url, '-n', '3', '-r', '20', '-d', '1', '-o', 'json'];
    const { code, lines, errorLines } = await runCommand(args, { BELFRY_TOKEN: await node.token() });
    expect([code, errorLines]).toEqual([0, []]);
    expect(JSON.parse(lines.join('\n'))).toMatchObject({ connections: 3, published: 20, events: 60 });
  });
});

describe('the progress bar', () => {
  it('is drawn on a terminal only, and only when it changes', () => {
    const written: string[] = [];
    const stream = { isTTY: true, write: (text: string) => written.push(text) > 0 };
    const terminal = progressOn(stream as unknown as NodeJS.WriteStream);
    for (const share of [0.5, 0.5001, 1]) terminal('publishing', share);
    expect(written.map((text) => [...text.matchAll(/#/g)].length)).toEqual([15, 30]);
    progressOn({ ...stream, isTTY: false } as unknown as NodeJS.WriteStream)('publishing', 1);
    expect(written).toHaveLength(2);
  });
});
