import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { thrownBy } from '../support/thrown.ts';

const ENDPOINT = 'http://collector:4318';

describe('the standard variables of OpenTelemetry', () => {
  it('fill the settings of traces', () => {
    const config = loadConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: 'X-Key=a%20b, x-other=c=d',
      OTEL_EXPORTER_OTLP_TIMEOUT: '10000',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_SERVICE_NAME: 'events',
    });
    expect(config).toMatchObject({
      otlpUrl: ENDPOINT,
      otlpHeaders: { 'x-key': 'a b', 'x-other': 'c=d' },
      otlpTimeoutMs: 10_000,
      otlpServiceName: 'events',
    });
  });

  it('that are for traces alone take precedence over those for every signal', () => {
    const config = loadConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:4318/in',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2',
    });
    expect(config).toMatchObject({ otlpTracesUrl: 'http://traces:4318/in', otlpHeaders: { a: '2' } });
  });

  it('have no effect where a setting of Belfry is given', () => {
    const config = loadConfig({
      BELFRY_OTLP_URL: 'http://own:4318',
      BELFRY_OTLP_SERVICE_NAME: 'own',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:4318/in',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_SERVICE_NAME: 'events',
    });
    expect(config).toMatchObject({ otlpUrl: 'http://own:4318', otlpServiceName: 'own' });
    expect(config.otlpTracesUrl).toBeUndefined();
  });

  it.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])('turn traces off: %j', (off) => {
    const config = loadConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      ...off,
    });
    expect(config.otlpUrl).toBeUndefined();
  });

  it('are named in the error when their values are wrong', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_OTLP_HEADERS: 'no header',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    };
    const error = thrownBy(() => loadConfig(env)) as Error;
    expect(error.message).toContain('OTEL_EXPORTER_OTLP_ENDPOINT (environment) is not such an address.');
    expect(error.message).toContain(
      'OTEL_EXPORTER_OTLP_HEADERS (environment) holds a name that no header has.',
    );
    expect(error.message).toContain('OTEL_EXPORTER_OTLP_PROTOCOL (environment) names a protocol');
  });

  it('are shown without the key of the collector', () => {
    const config = loadConfig({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${ENDPOINT}/v1/traces?key=s3cret`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=s3cret',
    });
    expect(JSON.stringify(describeConfig(config))).not.toContain('s3cret');
  });
});
