import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../model/clock.ts';
import { bound } from '../model/bound.ts';
import { rejectedIn, retryAfterMs, textOf } from './otlp-response.ts';

/** The numbers that OTLP gives to the kinds of spans. */
export const KIND = { internal: 1, server: 2, client: 3, consumer: 5 } as const;

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: (typeof KIND)[keyof typeof KIND];
  /** Milliseconds since 1970, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** The error that ended the work of this span. */
  readonly error?: string;
}

export interface SpanExporterOptions {
  /** The URL to which the collector wants traces sent. {@link tracesAt} makes it from the URL of a collector. */
  readonly url: string;
  /** Headers of each request, such as the key for the collector. */
  readonly headers: Readonly<Record<string, string>>;
  /** The time limit for one request. */
  readonly timeoutMs: number;
  /** The name of the service in traces. */
  readonly service: string;
  readonly node: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** If this many spans wait, each further one is dropped and counted, so that traces cannot fill the memory. */
export const QUEUE_MAX = bound(
  'spans that wait for the collector',
  2_048,
  'entries',
  'new ones are dropped and counted',
);
const BATCH_MAX = bound(
  'spans of one request to the collector',
  512,
  'entries',
  'the rest goes with the next',
);
const EVERY_MS = 1_000;
const FAILED = 2;

/** The result of a request: how many of its spans the collector left out, or why it failed. */
interface Sent {
  readonly rejected: number;
  readonly failure?: Error;
  /** The spans must be sent again after this time. */
  readonly againMs?: number;
}

/**
 * Sends spans to an OpenTelemetry collector by OTLP/HTTP in JSON (OTLP 1.0). This is our own code because the usual
 * packages are ten with 20 MB, and the hub makes only four kinds of spans. A span that the collector refuses is
 * dropped and counted. If a busy collector says when it has time again (429 or 503 with `Retry-After`), it is sent the
 * same spans then.
 */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  #waiting: Span[] = [];
  #sending: Promise<void> | undefined;
  #exported = 0;
  #dropped = 0;
  #complained = false;
  /** The collector wants no request before this moment. */
  #restUntil = 0;
  #isStopping = false;
  readonly #stop: () => void;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#stop = options.clock.every(EVERY_MS, () => void this.flush());
  }

  get counts(): { readonly exported: number; readonly dropped: number } {
    return { exported: this.#exported, dropped: this.#dropped };
  }

  add(span: Span): void {
    if (this.#waiting.length >= QUEUE_MAX) this.#dropped++;
    else this.#waiting.push(span);
  }

  /**
   * Sends the waiting spans, one batch after the other, unless the collector has asked for a pause. It never rejects.
   */
  flush(): Promise<void> {
    if (this.#options.clock.elapsed() < this.#restUntil) return Promise.resolve();
    return (this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined)));
  }

  /** Sends the last spans, if the collector accepts them in time. */
  async stop(): Promise<void> {
    this.#stop();
    this.#isStopping = true;
    await this.flush();
    this.#dropped += this.#waiting.splice(0).length;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      const { rejected, failure, againMs } = await this.#send(batch);
      this.#complain(failure);
      if (failure === undefined) {
        this.#exported += batch.length - rejected;
        this.#dropped += rejected;
        continue;
      }
      if (againMs === undefined || this.#isStopping) this.#dropped += batch.length;
      else this.#sendAgain(batch, againMs);
      // The other batches wait for the next turn, so that a collector that is down delays no node that stops.
      return;
    }
  }

  /** Puts the batch in front of the queue. If there is no room for all, the newest spans are dropped. */
  #sendAgain(batch: readonly Span[], afterMs: number): void {
    this.#restUntil = this.#options.clock.elapsed() + afterMs;
    this.#waiting.unshift(...batch);
    this.#dropped += this.#waiting.splice(QUEUE_MAX).length;
  }

  async #send(batch: readonly Span[]): Promise<Sent> {
    const { clock, url, headers, timeoutMs } = this.#options;
    const abort = new AbortController();
    const cancel = clock.after(timeoutMs, () => abort.abort());
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(this.#request(batch)),
        signal: abort.signal,
        // The headers may hold a key, and only this collector may see it.
        redirect: 'manual',
      });
      const text = await textOf(response);
      if (response.ok) return { rejected: Math.min(rejectedIn(text), batch.length) };
      const failure = new Error(`the collector answered ${response.status}`);
      const againMs = retryAfterMs(response, clock.now());
      return { rejected: 0, failure, ...(againMs !== undefined && { againMs }) };
    } catch (error) {
      return { rejected: 0, failure: error instanceof Error ? error : new Error(String(error)) };
    } finally {
      cancel();
    }
  }

  /** Logs the first of several failures in a row. */
  #complain(failure: Error | undefined): void {
    if (failure !== undefined && !this.#complained)
      this.#options.log.warn(
        { err: failure },
        'the collector does not take spans; what it does not take is dropped and counted',
      );
    this.#complained = failure !== undefined;
  }

  #request(spans: readonly Span[]): object {
    const { node, version, service } = this.#options;
    const resource = { 'service.name': service, 'service.instance.id': node, 'service.version': version };
    const scopeSpans = [{ scope: { name: 'belfry', version }, spans: spans.map(asOtlp) }];
    return { resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans }] };
  }
}

/** Counts the spans that were exported, and those that were dropped. */
export function countSpans(exporter: SpanExporter, registry: Registry): void {
  new Counter({
    name: 'belfry_spans_total',
    help: 'Spans of traces, by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(exporter.counts)) this.inc({ outcome }, count);
    },
  });
}

function asOtlp({ start, end, attributes, error, ...span }: Span): object {
  return {
    ...span,
    startTimeUnixNano: nanos(start),
    endTimeUnixNano: nanos(end),
    attributes: attributesOf(attributes),
    ...(error !== undefined && { status: { code: FAILED, message: error } }),
  };
}

/** Nanoseconds, exact to the microsecond, since a number cannot be more exact. */
function nanos(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}

function attributesOf(attributes: Span['attributes']): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}

/** The URL to which a collector wants traces sent. The parts of the URL beside the path, such as a key, stay. */
export function tracesAt(url: string): string {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/v1/traces`;
  return address.href;
}
