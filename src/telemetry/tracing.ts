import { randomBytes } from 'node:crypto';
import type { Broker, Deliver } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import type { Cursor } from '../model/cursor.ts';
import { asBelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import { changed, HeardEvent, traced } from '../model/heard-event.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import { isJsonObject, valueOf, withField } from '../model/json.ts';
import { parseTraceparent, traceparentOf, type Trace, type TraceContext } from '../model/trace.ts';
import { KIND, type Span, type SpanExporter } from './otlp.ts';

export interface TracerOptions {
  readonly exporter: Pick<SpanExporter, 'add'>;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  /** The share of events without a trace of their own that get one. */
  readonly ratio: number;
  /** Makes this many random bytes, as hexadecimal digits. */
  readonly randomHex?: (bytes: number) => string;
}

/** The last digits of a trace id decide by the ratio. These are how many digits, and how many values they have. */
const DECIDING_DIGITS = 8;
const DECIDING_VALUES = 16 ** DECIDING_DIGITS;

/**
 * Follows sampled events. The spans are `publish`, in it `append`, and on each node that receives the event `deliver`,
 * in it `flush`. Each span is the parent of the next. An event carries its parent from node to node as
 * `metadata.traceparent`.
 */
export class Tracer {
  readonly #options: Required<TracerOptions>;

  constructor(options: TracerOptions) {
    this.#options = { randomHex: (bytes) => randomBytes(bytes).toString('hex'), ...options };
  }

  /** The same broker, with its sampled events traced. */
  traced(broker: Broker): Broker {
    return {
      start: (deliver) => broker.start((event) => this.#deliver(event, deliver)),
      publish: (events, once, fence) => this.#publish(broker, events, once, fence),
      ready: () => broker.ready(),
      stop: () => broker.stop(),
    };
  }

  /** Publishes events with the same parent in one span, which the events carry on as their new parent. */
  async #publish(
    broker: Broker,
    events: readonly NewEvent[],
    ...how: [once?: Once, fence?: Fence]
  ): Promise<Cursor[]> {
    const spans = new Map<string | undefined, Publication | undefined>();
    const carried = events.map((event) => {
      const parent = traceOf(event);
      const by = parent && traceparentOf(parent);
      if (!spans.has(by)) spans.set(by, this.#begin(parent));
      const span = spans.get(by);
      return span === undefined ? event : span.carry(event);
    });
    const sampled = [...spans.values()].filter((span) => span !== undefined);
    for (const span of sampled) span.appends();
    try {
      const ids = await broker.publish(carried, ...how);
      for (const span of sampled) span.end();
      return ids;
    } catch (thrown) {
      const { code } = asBelfryError(thrown);
      for (const span of sampled) span.end(code);
      throw thrown;
    }
  }

  #begin(parent: TraceContext | undefined): Publication | undefined {
    const { ratio, randomHex } = this.#options;
    if (parent !== undefined) return parent.sampled ? new Publication(this.#options, parent) : undefined;
    const traceId = randomHex(16);
    if (Number.parseInt(traceId.slice(-DECIDING_DIGITS), 16) >= ratio * DECIDING_VALUES) return undefined;
    return new Publication(this.#options, { traceId, spanId: '', sampled: true });
  }

  #deliver(event: HubEvent, deliver: Deliver): boolean {
    if (event instanceof HeardEvent && !event.mayHold('traceparent')) return deliver(event);
    const parent = traceOf(event);
    if (parent?.sampled !== true) return deliver(event);
    const delivery = new Delivery(this.#options, parent, event);
    const isWanted = deliver(traced(event, delivery));
    delivery.routed();
    return isWanted;
  }
}

/** The time of one node within a trace. It begins with the clock and continues with one that nobody can set. */
class Timeline {
  readonly #clock: TracerOptions['clock'];
  readonly #offset: number;

  constructor(clock: TracerOptions['clock']) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.elapsed();
  }

  get now(): number {
    return this.#offset + this.#clock.elapsed();
  }
}

/** The span of events that are published at the same time and have the same parent. */
class Publication {
  readonly #options: Required<TracerOptions>;
  readonly #time: Timeline;
  readonly #parent: TraceContext;
  readonly #start: number;
  readonly #publishId: string;
  readonly #appendId: string;
  #appendStart = 0;
  #events = 0;

  constructor(options: Required<TracerOptions>, parent: TraceContext) {
    this.#options = options;
    this.#parent = parent;
    this.#time = new Timeline(options.clock);
    this.#start = this.#time.now;
    this.#publishId = options.randomHex(8);
    this.#appendId = options.randomHex(8);
  }

  carry(event: NewEvent): NewEvent {
    this.#events++;
    return inTrace(event, traceparentOf({ ...this.#parent, spanId: this.#appendId }));
  }

  appends(): void {
    this.#appendStart = this.#time.now;
  }

  end(error?: string): void {
    const { exporter } = this.#options;
    const { traceId, spanId: parentSpanId } = this.#parent;
    const common = {
      traceId,
      end: this.#time.now,
      attributes: { 'belfry.events': this.#events },
      ...(error !== undefined && { error }),
    };
    const publish = { name: 'publish', kind: KIND.server, spanId: this.#publishId, start: this.#start };
    const append = { name: 'append', kind: KIND.client, spanId: this.#appendId, start: this.#appendStart };
    exporter.add({ ...common, ...publish, ...(parentSpanId !== '' && { parentSpanId }) });
    exporter.add({ ...common, ...append, parentSpanId: this.#publishId });
  }
}

/** The way of one event on this node, until the last cohort that took it has sent it. */
class Delivery implements Trace {
  readonly #options: Required<TracerOptions>;
  readonly #time: Timeline;
  readonly #span: Omit<Span, 'end' | 'attributes'>;
  readonly #topic: Readonly<Record<string, string>>;
  #routedAt: number | undefined;
  #cohorts = 0;
  #connections = 0;
  #flushedCohorts = 0;
  #flushedConnections = 0;

  constructor(
    options: Required<TracerOptions>,
    { traceId, spanId: parentSpanId }: TraceContext,
    event: HubEvent,
  ) {
    const { id = 'live', type, action } = event;
    this.#options = options;
    this.#time = new Timeline(options.clock);
    this.#topic = { 'belfry.event.id': id, 'belfry.event.type': type, 'belfry.event.action': action };
    this.#span = {
      traceId,
      spanId: options.randomHex(8),
      parentSpanId,
      name: 'deliver',
      kind: KIND.consumer,
      start: this.#time.now,
    };
  }

  taken(connections: number): void {
    this.#cohorts++;
    this.#connections += connections;
  }

  flushed(connections: number): void {
    this.#flushedCohorts++;
    this.#flushedConnections += connections;
    this.#endFlush();
  }

  /** Every cohort that matches the event has been asked. */
  routed(): void {
    this.#routedAt = this.#time.now;
    const counts = { 'belfry.cohorts': this.#cohorts, 'belfry.connections': this.#connections };
    this.#options.exporter.add({
      ...this.#span,
      end: this.#routedAt,
      attributes: { ...this.#topic, ...counts },
    });
    this.#endFlush();
  }

  #endFlush(): void {
    const start = this.#routedAt;
    if (start === undefined || this.#cohorts === 0 || this.#flushedCohorts < this.#cohorts) return;
    this.#options.exporter.add({
      traceId: this.#span.traceId,
      parentSpanId: this.#span.spanId,
      spanId: this.#options.randomHex(8),
      name: 'flush',
      kind: KIND.internal,
      start,
      end: this.#time.now,
      attributes: {
        'belfry.cohorts': this.#flushedCohorts,
        'belfry.connections': this.#flushedConnections,
      },
    });
  }
}

/** The trace that an event carries. */
function traceOf({ metadata }: NewEvent): TraceContext | undefined {
  const said = valueOf(metadata);
  return isJsonObject(said) ? parseTraceparent(said['traceparent']) : undefined;
}

/** The same event as part of the trace. */
function inTrace<Event extends NewEvent>(event: Event, traceparent: string): Event {
  return changed(event, { metadata: withField(event.metadata ?? {}, 'traceparent', traceparent) });
}

/** The events as parts of the trace that a request names. An event that carries its own trace keeps it. */
export function inTraceOf(header: unknown, events: NewEvent[]): NewEvent[] {
  const context = parseTraceparent(header);
  if (context === undefined) return events;
  const traceparent = traceparentOf(context);
  return events.map((event) => (traceOf(event) === undefined ? inTrace(event, traceparent) : event));
}
