import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { VERSION } from './config/version.ts';
import type { Clock } from './model/clock.ts';
import { SpanExporter, tracesAt } from './telemetry/otlp.ts';

/** The exporter of spans, if the settings name a collector. */
export function exporterOf(config: Config, log: Logger, clock: Clock): SpanExporter | undefined {
  const { otlpUrl, otlpHeaders: headers, otlpTimeoutMs: timeoutMs, otlpServiceName: service, node } = config;
  const url = config.otlpTracesUrl ?? (otlpUrl && tracesAt(otlpUrl));
  if (url === undefined) return undefined;
  return new SpanExporter({ url, headers, timeoutMs, service, node, version: VERSION, clock, log });
}
