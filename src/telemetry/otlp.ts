import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../model/clock.ts';
import { bound } from '../model/bound.ts';
import { rejectedIn, retryAfterMs, textOf } from './otlp-response.ts';

/** As OTLP numbers them. */
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
  /** What went wrong. */
  readonly error?: string;
}

export interface SpanExporterOptions {
  /** Where the collector takes traces: {@link tracesAt} makes it of the URL of a collector. */
  readonly url: string;
  /** Of each request, such as the key of the collector. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time for one request. */
  readonly timeoutMs: number;
  /** The name of the service in traces. */
  readonly service: string;
  readonly node: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Beyond so many that wait, those that come are dropped and counted: what is traced must not fill the memory. */
export const QUEUE_MAX = bound(
  'spans that wait for the collector',
  2_048,
  'entries',
  'those that come are dropped and counted',
);
const BATCH_MAX = bound(
  'spans of one request to the collector',
  512,
  'entries',
  'the others go with the next',
);
const EVERY_MS = 1_000;
const FAILED = 2;

/** What became of a request: how many of its spans the collector left out, or why it failed. */
interface Sent {
  readonly rejected: number;
  readonly failure?: Error;
  /** The spans are to be sent again after this time. */
  readonly againMs?: number;
}

/**
 * Sends spans to an OpenTelemetry collector by OTLP/HTTP in JSON (OTLP 1.0). By hand, since the packages for it are ten
 * with 20 MB, and the hub makes four kinds of spans. What a collector does not take is dropped and counted. A busy
 * collector that says when it has time again (429 or 503 with `Retry-After`) is given the same spans then.
 */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  #waiting: Span[] = [];
  #sending: Promise<void> | undefined;
  #exported = 0;
  #dropped = 0;
  #complained = false;
  /** Before this moment the collector wants no request. */
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

  /** Sends what waits, one batch after the other, unless the collector has asked for a pause. Never rejects. */
  flush(): Promise<void> {
    if (this.#options.clock.elapsed() < this.#restUntil) return Promise.resolve();
    return (this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined)));
  }

  /** The last spans still go out, if the collector takes them in time. */
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
      // The next ones have a turn of their own, so that a collector that is away holds up nobody who stops.
      return;
    }
  }

  /** The spans that came meanwhile are the ones that find no room. */
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
        // The headers may hold a key, which is for this collector alone.
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

  /** Once for a row of failures. */
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

/** How many spans went out, and how many were dropped. */
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

/** To the microsecond: numbers are not exact beyond that. */
function nanos(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}

function attributesOf(attributes: Span['attributes']): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}

/** Where a collector takes traces. What its URL asks for beside the path, such as a key, stays. */
export function tracesAt(url: string): string {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/v1/traces`;
  return address.href;
}
