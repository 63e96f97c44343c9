/**
 * Records the schemas of the objects that the manifests use, from the API server that kubectl speaks to, into kubernetes-schemas.json.
 * The server must know the kinds of the Gateway API and of the Prometheus operator. `node test/deploy/record-schemas.ts`
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';

/** The kinds, by the path of the API in which they are described. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'api/v1': ['ConfigMap', 'Secret', 'Service', 'ServiceAccount'],
  'apis/apps/v1': ['Deployment', 'StatefulSet', 'DaemonSet'],
  'apis/autoscaling/v2': ['HorizontalPodAutoscaler'],
  'apis/networking.k8s.io/v1': ['Ingress', 'NetworkPolicy'],
  'apis/policy/v1': ['PodDisruptionBudget'],
  'apis/rbac.authorization.k8s.io/v1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'apis/gateway.networking.k8s.io/v1': ['HTTPRoute'],
  'apis/monitoring.coreos.com/v1': ['PodMonitor', 'PrometheusRule', 'ServiceMonitor'],
};
/** What only people and the API server itself read. */
const LEFT_OUT = /^(description|default|x-kubernetes-(?!int-or-string|preserve).*)$/;
/** Fields that the API server writes. */
const OF_SERVER = new Set(['status', 'managedFields']);

interface Api {
  readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> };
}

const ask = (path: string): unknown =>
  JSON.parse(execFileSync('kubectl', ['get', '--raw', path], { maxBuffer: 1 << 28 }).toString());

/** A schema without what a check does not need. References keep the names that the server gives them. */
function reduced(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(reduced);
  if (!isJsonObject(schema)) return schema;
  const entries = Object.entries(schema).filter(
    ([name, value]) => !LEFT_OUT.test(name) && !isOfGo(name, value),
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      name === 'properties' ? reducedFields(value as JsonObject) : reduced(value),
    ]),
  );
}

/** Flags in the middle of a pattern are known in Go alone. */
const isOfGo = (name: string, value: Json): boolean =>
  name === 'pattern' && typeof value === 'string' && value.includes('(?i)');

function reducedFields(fields: JsonObject): JsonObject {
  const entries = Object.entries(fields).filter(([name]) => !OF_SERVER.has(name));
  return Object.fromEntries(entries.map(([name, schema]) => [name, reduced(schema)]));
}

const recorded: Record<string, Json> = {};

function record(name: string, schemas: Api['components']['schemas']): void {
  const schema = schemas[name];
  if (schema === undefined || name in recorded) return;
  recorded[name] = reduced(schema);
  for (const [, referred = ''] of JSON.stringify(recorded[name]).matchAll(
    /"#\/components\/schemas\/([^"]+)"/g,
  ))
    record(referred, schemas);
}

for (const [path, kinds] of Object.entries(KINDS)) {
  const { schemas } = (ask(`/openapi/v3/${path}`) as Api).components;
  // The last part of the name of a schema is its kind.
  for (const name of Object.keys(schemas))
    if (kinds.includes(name.split('.').at(-1) ?? '')) record(name, schemas);
}
const lines = Object.entries(recorded)
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`);
writeFileSync(new URL('kubernetes-schemas.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
