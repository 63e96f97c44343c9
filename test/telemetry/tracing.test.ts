import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { Tracer } from '../../src/telemetry/tracing.ts';
import type { Span } from '../../src/telemetry/otlp.ts';
import type { Broker } from '../../src/broker/broker.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { connect, drpClient, nativeClient } from '../support/client.ts';
import { ManualClock } from '../support/clock.ts';
import { Collector } from '../support/collector.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SAMPLED = `00-${TRACE}-${SPAN}-01`;
const EVENT = { type: 'profiles', action: 'save', key: 'global', object: {} };

async function post(node: TestNode, body: object, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return response.status;
}

async function twoNodes(
  settings: Record<string, string>,
): Promise<{ nodes: [TestNode, TestNode]; prefix: string }> {
  const prefix = randomPrefix();
  const common = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix, ...settings };
  const nodes: [TestNode, TestNode] = [
    await startNode({ ...common, BELFRY_NODE: 'one' }),
    await startNode({ ...common, BELFRY_NODE: 'two' }),
  ];
  return { nodes, prefix };
}

describe('a traced event', () => {
  it('is followed from publish to the sockets of both nodes, each span inside the one before', async () => {
    const collector = await new Collector().start();
    const { nodes } = await twoNodes({ BELFRY_OTLP_URL: `${collector.url}/` });
    const token = await nodes[0].token();
    const first = await nativeClient(nodes[0].url, token, ['profiles.*.*']);
    for (let i = 0; i < 3; i++) await nativeClient(nodes[1].url, token, ['profiles.*.*']);
    await drpClient(nodes[1].url, token, ['profiles.*.*']);
    expect(await post(nodes[0], EVENT, { traceparent: SAMPLED })).toBe(204);
    const heard = await first.next();
    await collector.until('flush', 2);
    const [publish] = collector.named('publish');
    const [append] = collector.named('append');
    expect(publish).toMatchObject({ node: 'one', kind: 2, traceId: TRACE, parentSpanId: SPAN });
    expect(append).toMatchObject({ node: 'one', kind: 3, traceId: TRACE, parentSpanId: publish?.spanId });
    expect(heard['metadata']).toEqual({ traceparent: `00-${TRACE}-${append?.spanId}-01` });
    expect(collector.spans.length).toBe(6);
    for (const [node, cohorts, connections] of [
      ['one', '1', '1'],
      ['two', '2', '4'],
    ] as const) {
      const counts = { 'belfry.cohorts': cohorts, 'belfry.connections': connections };
      const deliver = collector.named('deliver').find((span) => span.node === node);
      expect(deliver).toMatchObject({ kind: 5, traceId: TRACE, parentSpanId: append?.spanId });
      expect(deliver?.attributes).toEqual({
        ...counts,
        'belfry.event.id': heard['id'],
        'belfry.event.type': 'profiles',
        'belfry.event.action': 'save',
      });
      const flush = collector.named('flush').find((span) => span.node === node);
      expect(flush).toMatchObject({ traceId: TRACE, parentSpanId: deliver?.spanId, attributes: counts });
    }
    expect(collector.spans.filter(({ start, end }) => end < start)).toEqual([]);
    expect(collector.requests[0]).toEqual({ path: '/v1/traces', type: 'application/json' });
  });

  it.each([
    ['PUBLISH', (redis: Redis, prefix: string, text: string) => redis.publish(`${prefix}:events`, text)],
    [
      'FCALL',
      (redis: Redis, prefix: string, text: string) =>
        redis.fcall('belfry_publish', 1, `{${prefix}}:log`, text),
    ],
    [
      'XADD',
      (redis: Redis, prefix: string, text: string) => redis.xadd(`{${prefix}}:ingress`, '*', 'event', text),
    ],
  ])(
    'is followed on each node when it comes by %s with a traceparent in its metadata',
    async (_entryPoint, publish) => {
      const collector = await new Collector().start();
      const { nodes, prefix } = await twoNodes({ BELFRY_OTLP_URL: collector.url });
      const redis = new Redis(inject('redisUrl'));
      onTestFinished(() => redis.disconnect());
      await nativeClient(nodes[1].url, await nodes[1].token(), ['profiles.*.*']);
      await publish(redis, prefix, JSON.stringify({ ...EVENT, metadata: { traceparent: SAMPLED } }));
      await collector.until('flush', 1);
      await collector.until('deliver', 2);
      for (const span of collector.named('deliver'))
        expect(span).toMatchObject({ traceId: TRACE, parentSpanId: SPAN });
      expect(collector.named('publish')).toEqual([]);
    },
  );

  it('is followed when a native socket publishes it, and keeps its other metadata', async () => {
    const collector = await new Collector().start();
    const node = await startNode({ BELFRY_OTLP_URL: collector.url });
    const client = await nativeClient(node.url, await node.token(), ['profiles.*.*']);
    const metadata = { traceparent: SAMPLED, shop: 'x' };
    client.send({ id: 1, command: 'publish', events: [{ ...EVENT, metadata }] });
    const heard = [await client.next(), await client.next()].find(({ type }) => type === 'profiles');
    await collector.until('flush', 1);
    const [append] = collector.named('append');
    expect(heard?.['metadata']).toEqual({ shop: 'x', traceparent: `00-${TRACE}-${append?.spanId}-01` });
  });

  it('has spans with the error when it is refused', async () => {
    const collector = await new Collector().start();
    const node = await startNode({ BELFRY_OTLP_URL: collector.url, BELFRY_EVENT_MAX_BYTES: '1024' });
    const big = { ...EVENT, object: 'x'.repeat(1_500) };
    expect(await post(node, big, { traceparent: SAMPLED })).toBe(413);
    await collector.until('append', 1);
    expect(collector.named('publish')[0]?.status).toEqual({ code: 2, message: 'event_too_big' });
  });

  it('has its spans sent before the node ends', async () => {
    const collector = await new Collector().start();
    const node = await startNode({ BELFRY_OTLP_URL: collector.url });
    await post(node, EVENT, { traceparent: SAMPLED });
    await node.stop();
    expect(collector.spans.map(({ name }) => name).toSorted()).toEqual(['append', 'deliver', 'publish']);
  });
});

describe('a traceparent', () => {
  it('goes on with the event unchanged when nothing is traced', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['profiles.*.*']);
    const provisioning = await connect(
      `${node.url.replace('http', 'ws')}/provisioning/ws?events=task&token=${await node.token()}`,
    );
    await post(node, EVENT, { traceparent: SAMPLED });
    expect((await client.next())['metadata']).toEqual({ traceparent: SAMPLED });
    const task = { event_type: 'TaskStatusChanged', data: { task_id: 't1' } };
    await post(node, task, { traceparent: SAMPLED });
    expect((await provisioning.next())['metadata']).toEqual({ traceparent: SAMPLED });
    expect(await (await fetch(`${node.url}/metrics`)).text()).not.toContain('belfry_spans_total');
  });

  it('is ignored when it is malformed', async () => {
    const collector = await new Collector().start();
    const node = await startNode({ BELFRY_OTLP_URL: collector.url });
    const client = await nativeClient(node.url, await node.token(), ['profiles.*.*']);
    for (const traceparent of ['nonsense', `00-${TRACE}-${SPAN}-01-x`, `00-${'0'.repeat(32)}-${SPAN}-01`])
      expect(await post(node, EVENT, { traceparent })).toBe(204);
    for (let i = 0; i < 3; i++) expect((await client.next())['metadata']).toBeUndefined();
    await node.stop();
    expect(collector.spans).toEqual([]);
  });
});

interface Followed {
  readonly spans: Span[];
  readonly published: NewEvent[];
  readonly publish: (...events: readonly NewEvent[]) => Promise<unknown>;
}

/** A tracer over a broker that accepts everything. Random digits are the given ones. */
function follow(ratio: number, digits = '8'): Followed {
  const spans: Span[] = [];
  const published: NewEvent[] = [];
  const broker: Broker = {
    start: async () => undefined,
    publish: async (events) => events.map((event) => `${published.push(event)}-0`),
    ready: async () => undefined,
    stop: async () => undefined,
  };
  const exporter = { add: (span: Span) => void spans.push(span) };
  const randomHex = (bytes: number): string => digits.repeat(bytes * 2);
  const tracer = new Tracer({ exporter, clock: new ManualClock(), ratio, randomHex });
  const followed = tracer.traced(broker);
  return { spans, published, publish: (...events) => followed.publish(events) };
}

const traced = (traceparent: string): NewEvent => ({ ...EVENT, metadata: { traceparent } });

describe('a tracer', () => {
  it.each([
    ['0', 0, '0', 0],
    ['1', 1, 'f', 2],
    ['a half, of a low trace id', 0.5, '7', 2],
    ['a half, of a high trace id', 0.5, '8', 0],
  ])('begins traces of its own by the ratio: %s', async (_what, ratio, digits, spans) => {
    const followed = follow(ratio, digits);
    await followed.publish(EVENT);
    expect(followed.spans.length).toBe(spans);
    expect(
      followed.spans.filter(({ name }) => name === 'publish').map(({ parentSpanId }) => parentSpanId),
    ).toEqual(spans > 0 ? [undefined] : []);
  });

  it('leaves an event alone whose trace is not sampled, whatever the ratio', async () => {
    const followed = follow(1);
    const event = traced(`00-${TRACE}-${SPAN}-00`);
    await followed.publish(event);
    expect(followed.published[0]).toBe(event);
    expect(followed.spans).toEqual([]);
  });

  it('follows a list of events in one span for each parent, not one for each event', async () => {
    const followed = follow(0);
    const other = SAMPLED.replace('4bf9', 'ffff');
    await followed.publish(traced(SAMPLED), traced(SAMPLED), traced(other), EVENT);
    const counts = followed.spans.map(({ name, traceId, attributes }) => [
      name,
      traceId.slice(0, 4),
      attributes['belfry.events'],
    ]);
    expect(counts).toEqual([
      ['publish', '4bf9', 2],
      ['append', '4bf9', 2],
      ['publish', 'ffff', 1],
      ['append', 'ffff', 1],
    ]);
    expect(followed.published[3]).toBe(EVENT);
  });
});
