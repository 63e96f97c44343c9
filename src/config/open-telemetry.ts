/**
 * The settings that standard variables fill. A variable for traces alone takes precedence over one for every signal.
 */
const STANDARD: Readonly<Record<string, readonly string[]>> = {
  otlpTracesUrl: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
  otlpUrl: ['OTEL_EXPORTER_OTLP_ENDPOINT'],
  otlpHeaders: ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'],
  otlpTimeoutMs: ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT'],
  otlpServiceName: ['OTEL_SERVICE_NAME'],
};
const URLS: ReadonlySet<string> = new Set(['otlpUrl', 'otlpTracesUrl']);
const PROTOCOL = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
/** Collectors take JSON wherever they take protobuf over HTTP (OTLP 1.0). */
const OVER_HTTP: ReadonlySet<string> = new Set(['http/json', 'http/protobuf']);

interface Found {
  /** Each entry has the name of the setting, its value, and the variable that holds the value. */
  readonly values: readonly (readonly [field: string, value: string, written: string])[];
  readonly problems: readonly string[];
}

/**
 * What the standard variables of OpenTelemetry (https://opentelemetry.io/docs/specs/otel/protocol/exporter/) add to the
 * settings that are given already. An operator often sets them for every process of a cluster.
 */
export function openTelemetryIn(env: NodeJS.ProcessEnv, given: ReadonlySet<string>): Found {
  const hasUrl = given.has('otlpUrl') || given.has('otlpTracesUrl');
  const isOff = env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none';
  const values: [string, string, string][] = [];
  for (const [field, names] of Object.entries(STANDARD)) {
    const written = firstGiven(env, names);
    if (written === undefined || given.has(field) || (URLS.has(field) && (hasUrl || isOff))) continue;
    values.push([field, env[written] ?? '', written]);
  }
  const protocol = firstGiven(env, PROTOCOL);
  const isUsed = values.some(([field]) => URLS.has(field));
  if (protocol === undefined || !isUsed || OVER_HTTP.has(env[protocol] ?? ''))
    return { values, problems: [] };
  const problem = `${protocol} (environment) names a protocol that Belfry does not speak. Expected http/json with the port of the collector for HTTP (4318), or OTEL_TRACES_EXPORTER=none to send no traces.`;
  return { values, problems: [problem] };
}

/** An empty variable counts as absent. */
function firstGiven(env: NodeJS.ProcessEnv, names: readonly string[]): string | undefined {
  return names.find((name) => env[name]);
}
