import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../model/clock.ts';
import { bound } from '../model/bound.ts';

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
  /** Of the collector, without `/v1/traces`. */
  readonly url: string;
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
const TIMEOUT_MS = bound(
  'time for a request to the collector',
  2_000,
  'ms',
  'its spans are dropped and counted',
);
const FAILED = 2;

/**
 * Sends spans to an OpenTelemetry collector by OTLP/HTTP in JSON (OTLP 1.0). By hand, since the packages for it are ten
 * with 20 MB, and the hub makes four kinds of spans. What a collector does not take is dropped and counted.
 */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #address: string;
  #waiting: Span[] = [];
  #sending: Promise<void> | undefined;
  #exported = 0;
  #dropped = 0;
  #complained = false;
  readonly #stop: () => void;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#address = tracesAt(options.url);
    this.#stop = options.clock.every(EVERY_MS, () => void this.flush());
  }

  get counts(): { readonly exported: number; readonly dropped: number } {
    return { exported: this.#exported, dropped: this.#dropped };
  }

  add(span: Span): void {
    if (this.#waiting.length >= QUEUE_MAX) this.#dropped++;
    else this.#waiting.push(span);
  }

  /** Sends what waits, one batch after the other. Never rejects. */
  flush(): Promise<void> {
    return (this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined)));
  }

  /** The last spans still go out, if the collector takes them in time. */
  async stop(): Promise<void> {
    this.#stop();
    await this.flush();
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      const failure = await this.#send(batch);
      if (failure === undefined) this.#exported += batch.length;
      else this.#dropped += batch.length;
      this.#complain(failure);
      // The next ones have a turn of their own, lest a collector that is away hold up whoever stops.
      if (failure !== undefined) return;
    }
  }

  async #send(batch: readonly Span[]): Promise<Error | undefined> {
    const abort = new AbortController();
    const cancel = this.#options.clock.after(TIMEOUT_MS, () => abort.abort());
    try {
      const response = await fetch(this.#address, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(this.#request(batch)),
        signal: abort.signal,
      });
      await response.arrayBuffer();
      return response.ok ? undefined : new Error(`the collector answered ${response.status}`);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      cancel();
    }
  }

  /** Once for a row of failures. */
  #complain(failure: Error | undefined): void {
    if (failure !== undefined && !this.#complained)
      this.#options.log.warn({ err: failure }, 'cannot export spans; they are dropped and counted');
    this.#complained = failure !== undefined;
  }

  #request(spans: readonly Span[]): object {
    const { node, version } = this.#options;
    const resource = { 'service.name': 'belfry', 'service.instance.id': node, 'service.version': version };
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

/** What the URL asks for beside the path, such as a key of the collector's, stays. */
function tracesAt(url: string): string {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/v1/traces`;
  return address.href;
}
