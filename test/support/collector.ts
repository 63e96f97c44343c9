import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { vi } from 'vitest';
import { startHttpServer } from './http-server.ts';

/** A span as a collector receives it, with the node that sent it. */
export interface CollectedSpan {
  readonly node: string;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string>>;
  readonly status?: { readonly code: number; readonly message: string };
}

interface Value {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

interface Sent extends Omit<CollectedSpan, 'attributes'> {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Value[];
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Value[] };
    readonly scopeSpans: readonly { readonly scope: object; readonly spans: readonly Sent[] }[];
  }[];
}

/** An OpenTelemetry collector that accepts OTLP/HTTP in JSON, and ends with the test. */
export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly requests: { readonly path: string; readonly type: string }[] = [];
  /** The headers of all requests so far. */
  readonly headers: IncomingHttpHeaders[] = [];
  /** The service names of all requests so far. */
  readonly services: string[] = [];
  url = '';
  /** The function that answers the next requests. */
  answer: (response: ServerResponse) => void = (response) => response.end('{}');

  async start(): Promise<this> {
    const { url } = await startHttpServer((request, response) => void this.#take(request, response));
    this.url = url;
    return this;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.requests.push({ path: request.url ?? '', type: request.headers['content-type'] ?? '' });
    this.headers.push(request.headers);
    const sent = JSON.parse(body) as ExportRequest;
    this.spans.push(...spansIn(sent));
    for (const { resource } of sent.resourceSpans)
      this.services.push(valuesIn(resource.attributes)['service.name'] ?? '');
    this.answer(response);
  }

  /** Waits until there are `count` spans of this name, and resolves with all spans so far. */
  async until(name: string, count: number): Promise<readonly CollectedSpan[]> {
    await vi.waitUntil(() => this.named(name).length >= count, { timeout: 10_000 });
    return this.spans;
  }

  named(name: string): CollectedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }
}

function spansIn({ resourceSpans }: ExportRequest): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const node = valuesIn(resource.attributes)['service.instance.id'] ?? '';
    const all = scopeSpans.flatMap(({ spans }) => spans);
    return all.map(({ startTimeUnixNano, endTimeUnixNano, attributes, ...span }) => ({
      ...span,
      node,
      start: BigInt(startTimeUnixNano),
      end: BigInt(endTimeUnixNano),
      attributes: valuesIn(attributes),
    }));
  });
}

function valuesIn(attributes: readonly Value[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '']),
  );
}
