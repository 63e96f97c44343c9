import { pino } from 'pino';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { Hub } from '../../src/clients/sdk/hub.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { norn } from '../../src/dialects/norn.ts';
import { metricsOf } from '../../src/telemetry/metrics.ts';
import { RegistrySize } from '../../src/telemetry/registry-size.ts';
import { McpCalls } from '../../src/telemetry/mcp-calls.ts';
import { RefusedHandshakes } from '../../src/telemetry/refused-handshakes.ts';
import { RejectedInput } from '../../src/telemetry/rejected-input.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { Layout } from '../../src/model/shards.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { connect as dial, nativeClient } from '../support/client.ts';
import { ManualClock } from '../support/clock.ts';
import { anIdentity, settled, startHub, type TestHub, type TestHubOptions } from '../support/connection.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode } from '../support/node.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';
import { TestRegistry } from '../support/registry.ts';

const FLOW = {
  refused: new Map(),
  trouble: undefined,
  published: 3,
  isHealthy: true,
  probeMs: 12,
  gapsDetected: 2,
  gapsRepaired: 1,
  streamsMended: new Map([['ingress_ids', 4] as const]),
  ingressGone: 5,
  retainedGone: 4,
  heldBytes: { log: 7, retained: 9, ingress: 8 },
  shards: [],
};

/** A registry that answers only when it is told to. */
class SlowRegistry extends TestRegistry {
  readonly asked: ((total: number | undefined) => void)[] = [];

  override async list(): ReturnType<Registry['list']> {
    const total = await new Promise<number | undefined>((resolve) => this.asked.push(resolve));
    if (total === undefined) throw new BelfryError('unavailable', 'No answer.');
    return { records: [], total };
  }
}

/** A hub made by hand, and its page of metrics. */
async function measured(options?: TestHubOptions): Promise<TestHub & { page: () => Promise<MetricsPage> }> {
  const test = await startHub(options);
  const metrics = metricsOf({
    known: DIALECTS,
    stats: test.hub.stats,
    connections: test.hub.connections,
    rejected: new RejectedInput(test.clock, pino({ level: 'silent' })),
    refused: new RefusedHandshakes(),
    mcpCalls: new McpCalls(),
    registry: new TestRegistry(),
    clock: test.clock,
    brokerStats: () => FLOW,
    warnings: () => [],
    interest: { stats: { topics: 3, untold: 1, begun: 7, ended: 4 } },
    version: '1.2.3',
    connectionsMax: 50,
  });
  return { ...test, page: async () => new MetricsPage(await metrics.metrics()) };
}

describe('the page of metrics', () => {
  it('shows the figures of each shard where the hub has several, and no series of shards where it has one', async () => {
    const shardsOf = async (count: string): Promise<MetricsPage> => {
      const node = await startNode({
        BELFRY_REDIS_URL: inject('redisUrl'),
        BELFRY_PREFIX: randomPrefix(),
        BELFRY_SHARDS: count,
      });
      const hub = new Hub(node.url, { token: await node.token() });
      onTestFinished(() => hub.close());
      await hub.publish('jobs.save.k', null);
      return MetricsPage.of(node.url);
    };
    const page = await shardsOf('3');
    const of = (name: string): (number | undefined)[] =>
      [0, 1, 2, 3].map((shard) => page.get(`belfry_shard_${name}{shard="${shard}"}`));
    const shard = Layout.of(3).shardOf('jobs', 'k');
    expect(of('healthy')).toEqual([1, 1, 1, 1]);
    expect(of('publishing')).toEqual([1, 1, 1, 1]);
    expect(of('followed')).toEqual([1, 0, 0, 0]);
    // Redis is on this machine.
    for (const offset of of('clock_offset_seconds')) expect(Math.abs(offset ?? NaN)).toBeLessThan(5);
    expect(of('events_published_total')[shard]).toBe(1);
    expect(page.get(`belfry_shard_held_bytes{shard="${shard}",of="log"}`)).toBeDefined();
    expect((await shardsOf('1')).text).not.toMatch(/^belfry_shard_\w+\{/m);
  });

  it('counts connections by dialect and kind of principal, of which there are only four', async () => {
    const { connect, hub, page } = await measured();
    for (const principal of [
      'user:ada',
      'user:bob',
      'runner:42',
      'unknown',
      'a-secret-name',
      'x:1',
      'other:1',
    ])
      connect({ identity: anIdentity({ principal }) });
    const { connection } = connect({ dialect: norn });
    const first = await page();
    const native = (kind: string): number | undefined =>
      first.get(`belfry_connections{dialect="native",principal_kind="${kind}"}`);
    expect(['user', 'runner', 'unknown', 'other'].map(native)).toEqual([2, 1, 1, 3]);
    expect(first.get('belfry_connections{dialect="norn",principal_kind="user"}')).toBe(1);
    expect(first.text.match(/^belfry_connections\{/gm)).toHaveLength(DIALECTS.length * 4);
    hub.connections.detach(connection, 'gone');
    expect((await page()).get('belfry_connections{dialect="norn",principal_kind="user"}')).toBe(0);
  });

  it('shows every dialect and outcome from the start, so that the first increase shows', async () => {
    const { text } = await (await measured()).page();
    expect(text.match(/^belfry_deliveries_total\{.*\} 0$/gm)).toHaveLength(DIALECTS.length * 6);
    expect(text.match(/^belfry_deliveries_received_total\{.*\} 0$/gm)).toHaveLength(DIALECTS.length);
  });

  it('counts events, the cohorts that they matched, and the deliveries', async () => {
    const { subscriber, publish, page } = await measured();
    const clients = [subscriber(['a.*.*']), subscriber(['a.*.*']), subscriber(['*.*.k'])];
    subscriber(['b.*.*']);
    const before = await page();
    publish({ type: 'a', key: 'k' });
    const after = await page();
    const grown = (name: string): number => (after.get(name) ?? NaN) - (before.get(name) ?? NaN);
    expect(grown('belfry_events_received_total')).toBe(1);
    expect(grown('belfry_cohort_matches_total')).toBe(2);
    expect(grown('belfry_writes_total')).toBe(3);
    const bytes = clients.map(({ transport }) => transport.writes.at(-1)?.length ?? 0);
    expect(grown('belfry_written_bytes_total')).toBe(bytes.reduce((sum, count) => sum + count, 0));
    expect(after.get('belfry_cohorts')).toBe(3);
  });

  it('shows the queues of slow clients until the clients have read them or are gone', async () => {
    const { subscriber, publish, page } = await measured();
    const client = subscriber(['*.*.*']);
    const queued = async (): Promise<(number | undefined)[]> => {
      const now = await page();
      const names = ['belfry_slow_consumers', 'belfry_queued_deliveries', 'belfry_queued_bytes'];
      return names.map((name) => now.get(`${name}{dialect="native"}`));
    };
    expect(await queued()).toEqual([0, 0, 0]);
    publish({ key: 'a' });
    const length = client.transport.writes.at(-1)?.length ?? NaN;
    client.transport.full = true;
    publish({ key: 'b' });
    publish({ key: 'c' });
    expect(await queued()).toEqual([1, 2, 2 * length]);
    client.transport.drain();
    expect(await queued()).toEqual([0, 0, 0]);
  });

  it('measures once a flush how long the oldest event took from the log to the sockets', async () => {
    const { subscriber, broker, clock, hub, page } = await measured();
    for (let count = 0; count < 5; count++) subscriber(['*.*.*']);
    const now = clock.now();
    for (const age of [80, 40]) broker.deliverLive({ id: `${now - age}-0`, key: `${age}` });
    hub.delivery.flush();
    const name = 'belfry_publish_to_socket_seconds';
    const one = await page();
    expect(one.get(`${name}_count`)).toBe(1);
    expect(one.get(`${name}_sum`)).toBeCloseTo(0.08);
    expect(one.get(`${name}_bucket{le="0.05"}`)).toBe(0);
    expect(one.get(`${name}_bucket{le="0.1"}`)).toBe(1);
    broker.deliverLive({ key: 'not in the log' });
    hub.delivery.flush();
    expect((await page()).get(`${name}_count`)).toBe(1);
  });

  it('counts a negative latency as zero when the clock of Redis is ahead', async () => {
    const { subscriber, broker, clock, hub, page } = await measured();
    subscriber(['*.*.*']);
    broker.deliverLive({ id: `${clock.now() + 5_000}-0` });
    hub.delivery.flush();
    expect((await page()).get('belfry_publish_to_socket_seconds_sum')).toBe(0);
  });

  it('shows what the broker knows about the state of delivery', async () => {
    const { series } = await (await measured()).page();
    expect(Object.fromEntries(series)).toMatchObject({
      belfry_events_published_total: 3,
      belfry_delivery_healthy: 1,
      belfry_delivery_probe_seconds: 0.012,
      belfry_gaps_detected_total: 2,
      belfry_gaps_repaired_total: 1,
      'belfry_build_info{version="1.2.3"}': 1,
      belfry_connections_max: 50,
    });
  });

  it('leaves out the size of a registry that cannot be read', async () => {
    const { series } = await (await measured()).page();
    expect(series.has('belfry_registry_connections')).toBe(false);
  });

  it('counts the connections of the whole registry, and the events that this node has published', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['*.*.*']);
    client.send({ id: 1, command: 'publish', events: [{ type: 'a', action: 'b', key: 'c' }] });
    for (let heard = await client.next(); heard['key'] !== '1'; heard = await client.next());
    const page = await MetricsPage.of(node.url);
    expect(page.get('belfry_registry_connections')).toBe(1);
    expect(page.get('belfry_delivery_healthy')).toBe(1);
    expect(page.get('belfry_events_published_total')).toBeGreaterThan(0);
  });

  it.skipIf(!HAS_REDIS_SERVER)('is served while Redis hangs, without the size of the registry', async () => {
    const server = await startRedisServer({});
    const node = await startNode({ BELFRY_REDIS_URL: server.url });
    await expect.poll(async () => (await fetch(`${node.url}/readyz`)).status).toBe(200);
    const before = await MetricsPage.of(node.url);
    expect([before.get('belfry_delivery_healthy'), before.get('belfry_registry_connections')]).toEqual([
      1, 0,
    ]);
    server.freeze();
    const frozen = await MetricsPage.of(node.url);
    server.thaw();
    expect(frozen.get('belfry_registry_connections')).toBeUndefined();
    expect(frozen.get('belfry_events_received_total')).toBeDefined();
  });

  it.skipIf(!HAS_REDIS_SERVER)(
    'says that events do not flow while Redis is away, and how long the last probe took',
    async () => {
      const server = await startRedisServer({});
      const node = await startNode({ BELFRY_REDIS_URL: server.url });
      const shown = async (name: string): Promise<number | undefined> =>
        (await MetricsPage.of(node.url)).get(`belfry_delivery_${name}`);
      const ready = async (): Promise<number> => (await fetch(`${node.url}/readyz`)).status;
      await expect.poll(ready).toBe(200);
      const took = await shown('probe_seconds');
      await server.kill();
      await expect.poll(() => shown('healthy')).toBe(0);
      // A probe that fails at once would look like a fast Redis.
      await expect.poll(ready).toBe(503);
      expect(await shown('probe_seconds')).toBe(took);
    },
  );
});

describe('the size of the registry', () => {
  it('is awaited for at most half a second', async () => {
    const clock = new ManualClock();
    const size = new RegistrySize(new SlowRegistry(), clock).read();
    clock.advance(500);
    expect(await size).toBeUndefined();
  });

  it('is read once for all requests at the same time, and again after an answer or a failure', async () => {
    const registry = new SlowRegistry();
    const size = new RegistrySize(registry, new ManualClock());
    const asked = [size.read(), size.read()];
    expect(registry.asked).toHaveLength(1);
    registry.asked[0]?.(7);
    expect(await Promise.all(asked)).toEqual([7, 7]);
    const failing = size.read();
    registry.asked[1]?.(undefined);
    expect(await failing).toBeUndefined();
    await settled();
    const last = size.read();
    registry.asked[2]?.(8);
    expect(await last).toBe(8);
  });
});

describe('a listener of metrics', () => {
  it('serves metrics and health only, and the other listeners then serve no metrics', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=native,127.0.0.1:0=metrics' });
    const [hub, metrics] = node.listening.map(({ url }) => url);
    const statuses = async (url: string | undefined): Promise<number[]> =>
      Promise.all(
        ['/metrics', '/healthz', '/readyz', '/api/v3/info', '/native/ws'].map(
          async (path) => (await fetch(`${url}${path}`)).status,
        ),
      );
    expect(await statuses(metrics)).toEqual([200, 200, 200, 404, 404]);
    // This path belongs to the provisioning platform, where only an upgrade finds something.
    expect((await statuses(hub)).slice(0, 3)).toEqual([400, 200, 200]);
    await expect(dial(`${metrics?.replace('http', 'ws')}/native/ws`)).rejects.toThrow('refused with 404');
  });
});
