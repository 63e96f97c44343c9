import { z } from 'zod';
import { MAX_MS, named, share, text, url, whole } from './forms.ts';

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** The settings that say where traces go and how many there are. `open-telemetry.ts` reads the standard variables. */
export const traceSettings = {
  otlpUrl: collector().describe(
    'The OpenTelemetry collector that takes traces by OTLP/HTTP, without /v1/traces. Without a collector nothing is traced. OTEL_EXPORTER_OTLP_ENDPOINT is read where this is not given.',
  ),
  otlpTracesUrl: collector().describe(
    'The whole URL for traces, where the path is not /v1/traces below BELFRY_OTLP_URL. OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is read where neither is given.',
  ),
  otlpHeaders: headers().describe(
    'Headers of each request to the collector, such as its key: name=value,name=value, with percent-encoded values. OTEL_EXPORTER_OTLP_HEADERS is read where this is not given.',
  ),
  otlpTimeoutMs: whole(1, MAX_MS, 2_000).describe(
    'Time for one request to the collector. When the time is over, the spans of the request are dropped and counted. OTEL_EXPORTER_OTLP_TIMEOUT is read where this is not given.',
  ),
  otlpServiceName: text()
    .default('belfry')
    .describe('The name of the service in traces. OTEL_SERVICE_NAME is read where this is not given.'),
  traceRatio: share()
    .default(0)
    .describe('The share of the events published without a trace that get one: 0 to 1.'),
};

function collector() {
  return url(/^https?$/, 'a URL https:// or http:// without user and password')
    .refine((address) => new URL(address).username === '', {
      error: 'holds a user. Expected a URL without one',
    })
    .exactOptional();
}

/** Headers in the form that OpenTelemetry uses, which is that of W3C baggage. */
function headers() {
  return z
    .preprocess((given) => (typeof given === 'string' ? headersIn(given) : given), named(text()))
    .refine((given) => Object.keys(given).every((name) => HEADER_NAME.test(name)), {
      error: 'holds a name that no header has. Expected name=value,name=value',
    })
    .refine((given) => Object.values(given).every((value) => /^[\t\x20-\x7e]*$/.test(value)), {
      error: 'holds a value that no header can have. Expected printable ASCII',
    })
    .default({});
}

function headersIn(given: string): Record<string, string> {
  const pairs = given.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? ['', ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [name.trim().toLowerCase(), decoded(value.trim())];
    }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
