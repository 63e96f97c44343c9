import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { KIND, QUEUE_MAX, SpanExporter, tracesAt, type Span } from '../../src/telemetry/otlp.ts';
import { ManualClock } from '../support/clock.ts';
import { Collector } from '../support/collector.ts';

const span: Span = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  name: 'deliver',
  kind: KIND.consumer,
  start: 1_736_937_000_123.5,
  end: 1_736_937_000_124,
  attributes: { 'belfry.connections': 3, 'belfry.event.type': 'a' },
};

async function startExporter() {
  const collector = await new Collector().start();
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const exporter = new SpanExporter({
    url: tracesAt(collector.url),
    headers: { 'x-key': 'k 1' },
    timeoutMs: 2_000,
    service: 'hub',
    node: 'n1',
    version: '1.2.3',
    clock,
    log,
  });
  return { collector, clock, lines, exporter };
}

describe('the exporter of spans', () => {
  it('sends every span once a second, with times exact to the microsecond', async () => {
    const { collector, clock, exporter } = await startExporter();
    exporter.add(span);
    clock.advance(999);
    expect(collector.requests).toEqual([]);
    clock.advance(1);
    await exporter.flush();
    const { start: _start, end: _end, attributes: _attributes, ...same } = span;
    expect(collector.spans).toEqual([
      {
        ...same,
        node: 'n1',
        start: 1_736_937_000_123_500_000n,
        end: 1_736_937_000_124_000_000n,
        attributes: { 'belfry.connections': '3', 'belfry.event.type': 'a' },
      },
    ]);
    expect(exporter.counts).toEqual({ exported: 1, dropped: 0 });
  });

  it('sends nothing when there are no spans', async () => {
    const { collector, clock, exporter } = await startExporter();
    clock.advance(10_000);
    await exporter.stop();
    expect(collector.requests).toEqual([]);
  });

  it('holds a bounded number of spans, and counts those that it drops', async () => {
    const { collector, exporter } = await startExporter();
    for (let i = 0; i < QUEUE_MAX + 5; i++) exporter.add(span);
    await exporter.stop();
    expect(collector.spans.length).toBe(QUEUE_MAX);
    expect(exporter.counts).toEqual({ exported: QUEUE_MAX, dropped: 5 });
  });

  it('drops and counts the spans that the collector refuses, logs that once, and goes on', async () => {
    const { collector, lines, exporter } = await startExporter();
    const takes = collector.answer;
    collector.answer = (response) => response.writeHead(503).end();
    for (let i = 0; i < 2; i++) {
      exporter.add(span);
      await exporter.flush();
    }
    expect(exporter.counts).toEqual({ exported: 0, dropped: 2 });
    expect(lines.length).toBe(1);
    collector.answer = takes;
    exporter.add(span);
    await exporter.flush();
    expect(exporter.counts).toEqual({ exported: 1, dropped: 2 });
  });

  it('does not wait for a collector that never answers', async () => {
    const { collector, clock, exporter } = await startExporter();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    collector.answer = () => resolve();
    exporter.add(span);
    const flushed = exporter.flush();
    await asked;
    clock.advance(2_000);
    await flushed;
    expect(exporter.counts).toEqual({ exported: 0, dropped: 1 });
  });

  it.each([
    [429, '3'],
    [503, 'Wed, 15 Jan 2025 10:30:03 GMT'],
  ])('sends the same spans again when a busy collector (%i) names a time', async (status, retryAfter) => {
    const { collector, clock, exporter } = await startExporter();
    const takes = collector.answer;
    collector.answer = (response) => response.writeHead(status, { 'Retry-After': retryAfter }).end();
    exporter.add(span);
    await exporter.flush();
    collector.answer = takes;
    clock.advance(2_000);
    await exporter.flush();
    expect(collector.requests).toHaveLength(1);
    clock.advance(1_000);
    await exporter.flush();
    expect(collector.requests).toHaveLength(2);
    expect(exporter.counts).toEqual({ exported: 1, dropped: 0 });
  });

  it('holds the same bounded number of spans while a busy collector makes them wait', async () => {
    const { collector, exporter } = await startExporter();
    collector.answer = (response) => response.writeHead(503, { 'Retry-After': '60' }).end();
    exporter.add(span);
    await exporter.flush();
    for (let i = 0; i < QUEUE_MAX + 5; i++) exporter.add(span);
    expect(exporter.counts).toEqual({ exported: 0, dropped: 6 });
  });

  it('gives up the spans of a busy collector when the node stops', async () => {
    const { collector, exporter } = await startExporter();
    collector.answer = (response) => response.writeHead(429, { 'Retry-After': '1' }).end();
    exporter.add(span);
    await exporter.stop();
    expect(exporter.counts).toEqual({ exported: 0, dropped: 1 });
  });

  it('counts the spans that a collector left out of an accepted request', async () => {
    const { collector, exporter } = await startExporter();
    collector.answer = (response) => response.end('{"partialSuccess":{"rejectedSpans":"2"}}');
    for (let i = 0; i < 5; i++) exporter.add(span);
    await exporter.flush();
    expect(exporter.counts).toEqual({ exported: 3, dropped: 2 });
  });

  it('sends the headers of the collector to it, and not to an address that it redirects to', async () => {
    const { collector, exporter } = await startExporter();
    const other = await new Collector().start();
    exporter.add(span);
    await exporter.flush();
    expect(collector.headers[0]).toMatchObject({ 'x-key': 'k 1' });
    collector.answer = (response) => response.writeHead(307, { Location: `${other.url}/v1/traces` }).end();
    exporter.add(span);
    await exporter.flush();
    expect(other.requests).toEqual([]);
    expect(exporter.counts).toEqual({ exported: 1, dropped: 1 });
  });

  it('names the service', async () => {
    const { collector, exporter } = await startExporter();
    exporter.add(span);
    await exporter.flush();
    expect(collector.services).toEqual(['hub']);
  });
});
