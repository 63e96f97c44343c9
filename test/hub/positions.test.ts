import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deliver } from '../../src/broker/broker.ts';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { native } from '../../src/dialects/native.ts';
import type { Session } from '../../src/dialects/dialect.ts';
import { Commands } from '../../src/hub/commands.ts';
import { Hub } from '../../src/hub/hub.ts';
import { shardOfCursor } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { Layout } from '../../src/model/shards.ts';
import { ManualClock } from '../support/clock.ts';
import { aConnection, anIdentity, settled } from '../support/connection.ts';
import { TestRegistry } from '../support/registry.ts';
import { runs } from '../support/runs.ts';
import { TestTransport } from '../support/transport.ts';

const TYPES = ['deploy', 'app', 'task', 'host'];
const PATTERNS = ['*.*.*', 'deploy,task.*.*', 'app.*.a', '*.*.b', 'host.*.*'];
const NODES = 3;

/** A node whose shards are delivered one by one, as late as the test wants. Each has a cache too small to hold all events. */
class TestNode {
  readonly waiting: HubEvent[] = [];
  readonly hub: Hub;
  readonly commands: Commands;
  readonly #followed = new Set([0]);
  #deliver: Deliver = () => false;

  constructor(broker: MemoryBroker, clock: ManualClock, logCacheMaxBytes: number) {
    const shards = {
      layout: broker.layout,
      follow: async (shard: number) => {
        this.#followed.add(shard);
        // What it has heard before the answer counts as well.
        return broker.follow(shard);
      },
      onLayout: () => undefined,
      used: async () => broker.layout.used,
      unfollow: (shard: number) => {
        this.#followed.delete(shard);
        const others = this.waiting.filter(({ id = '' }) => shardOfCursor(id) !== shard);
        this.waiting.splice(0, Infinity, ...others);
      },
    };
    const node = {
      start: async (deliver: Deliver) => void (this.#deliver = deliver),
      publish: broker.publish.bind(broker),
      ready: async () => undefined,
      stop: async () => undefined,
    };
    this.hub = new Hub({
      broker: node,
      shards,
      history: broker,
      clock,
      queue: { maxDeliveries: 256, maxBytes: 1024 * 1024 },
      writeTimeoutMs: 10_000,
      logCacheMaxBytes,
      registry: new TestRegistry(),
      node: 'n1',
      registryLimits: {},
    });
    const { connections, delivery, eventLog, stats } = this.hub;
    this.commands = new Commands({
      connections,
      delivery,
      eventLog,
      stats,
      clock,
      broker: node,
      parse: () => {
        throw new Error('nobody publishes');
      },
      authenticate: async () => anIdentity(),
      report: () => undefined,
      maxTopics: 1_000,
      maxPerSecond: 1_000,
    });
  }

  hear(event: HubEvent): void {
    if (this.#followed.has(shardOfCursor(event.id ?? ''))) this.waiting.push(event);
  }

  /** Delivers the oldest event that waits of the shard of one of them. */
  deliver(nth: number): void {
    const chosen = this.waiting[nth % Math.max(1, this.waiting.length)];
    if (chosen === undefined) return;
    const shard = shardOfCursor(chosen.id ?? '');
    const at = this.waiting.findIndex(({ id = '' }) => shardOfCursor(id) === shard);
    for (const event of this.waiting.splice(at, 1)) this.#deliver(event);
  }
}

/** A client that goes on with the last position that it was given. */
class TestClient {
  readonly pattern: string;
  readonly heard: string[] = [];
  readonly gaps: unknown[] = [];
  position = '0-0';
  #transport: TestTransport | undefined;
  #leave = (): void => undefined;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  connect({ hub, commands }: TestNode): void {
    const query = new URLSearchParams({ pattern: this.pattern, since: this.position });
    const session = native.open({ path: '/ws', query, caller: anIdentity() } as never) as Session;
    const transport = (this.#transport = new TestTransport());
    const connection = hub.connections.attach(aConnection('192.0.2.1:1', native, session), transport);
    this.#leave = () => hub.connections.detach(connection, 'gone');
    commands.open(connection, session);
  }

  /** Leaves after it has read a share of what it was sent. */
  disconnect(share: number): void {
    const texts = this.#transport?.texts ?? [];
    this.#transport = undefined;
    this.#leave();
    for (const text of texts.slice(0, Math.ceil(texts.length * share))) this.#read(text);
  }

  #read(text: string): void {
    const frame = JSON.parse(text) as HubEvent & { position?: string };
    const { type, action, object, id, position = id } = frame;
    if (type === 'belfry' && action === 'gap') this.gaps.push(object);
    if (type === 'belfry') return;
    this.heard.push(id ?? '');
    this.position = position ?? this.position;
  }
}

type Step =
  | { readonly do: 'publish'; readonly type: string; readonly key: string }
  | { readonly do: 'deliver'; readonly node: number; readonly nth: number }
  | { readonly do: 'move'; readonly client: number; readonly node: number; readonly share: number }
  | { readonly do: 'flush'; readonly node: number }
  | { readonly do: 'wait'; readonly ms: number };

const node = fc.nat({ max: NODES - 1 });
const client = fc.nat({ max: PATTERNS.length - 1 });
const share = fc.constantFrom(0, 0.3, 0.5, 0.9, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      type: fc.constantFrom(...TYPES),
      key: fc.constantFrom('a', 'b', 'c'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), node, nth: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), client, node, share }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1_000, 61_000) }),
  },
);

/** Lets every replay and every node come to its end, and every client read all that it was sent. */
async function finish(nodes: readonly TestNode[], clock: ManualClock): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    for (const each of nodes) while (each.waiting.length > 0) each.deliver(0);
    clock.advance(60);
    await settled();
  }
  for (const { hub } of nodes) hub.delivery.flush();
}

describe('clients of nodes that are at different places of a log of twelve shards', () => {
  it.each([0, 3_000_000])(
    'hear each event once and in order per key, wherever they go on with what they were given last, with a cache of %i bytes',
    async (cacheBytes) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
          const clock = new ManualClock();
          const bounds = { maxEvents: 10_000, maxBytes: 1e9, maxAgeMs: 1e9 };
          const broker = new MemoryBroker({ clock, bounds, layout: Layout.of(12, { deploy: 3 }) });
          const nodes = Array.from({ length: NODES }, () => new TestNode(broker, clock, cacheBytes));
          await broker.start((event) => {
            for (const each of nodes) each.hear(event);
            return true;
          });
          for (const { hub } of nodes) await hub.start();
          for (const shard of broker.layout.shards) await broker.follow(shard);
          const clients = PATTERNS.map((pattern) => new TestClient(pattern));
          for (const each of clients) each.connect(nodes[0] as TestNode);
          for (const each of steps) {
            if (each.do === 'publish') {
              const { type, key } = each;
              await broker.publish([{ type, action: 'save', key, object: {} }]);
            } else if (each.do === 'deliver') nodes[each.node]?.deliver(each.nth);
            else if (each.do === 'flush') nodes[each.node]?.hub.delivery.flush();
            else if (each.do === 'wait') clock.advance(each.ms);
            else {
              nodes[each.node]?.hub.delivery.flush();
              clients[each.client]?.disconnect(each.share);
              clients[each.client]?.connect(nodes[each.node] as TestNode);
            }
            await settled();
          }
          await finish(nodes, clock);
          for (const each of clients) each.disconnect(1);
          for (const each of clients) each.connect(nodes[1] as TestNode);
          await finish(nodes, clock);
          for (const each of clients) each.disconnect(1);
          const events: HubEvent[] = [];
          for (const shard of broker.layout.shards)
            events.push(...(await Array.fromAsync(broker.after(shard === 0 ? '0-0' : `${shard}:0-0`))));
          for (const { pattern, heard, gaps } of clients) {
            const wanted = events
              .filter((event) => Pattern.parse(pattern).matches(event))
              .map(({ id = '' }) => id);
            const byShard = Map.groupBy(heard, shardOfCursor);
            expect([...heard].toSorted()).toEqual([...wanted].toSorted());
            for (const [shard, ids] of byShard)
              expect(ids).toEqual(wanted.filter((id) => shardOfCursor(id) === shard));
            expect(gaps).toEqual([]);
          }
          for (const { hub } of nodes) await hub.stop();
        }),
        { numRuns: runs(150) },
      );
    },
  );
});
