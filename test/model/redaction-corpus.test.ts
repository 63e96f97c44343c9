import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { valueOf, type Json, type JsonObject } from '../../src/model/json.ts';
import { REDACTED } from '../../src/model/redact-names.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { DEFAULT_REDACTION } from '../../src/model/redaction-rules.ts';

const CORPUS = new URL('../fixtures/redaction/', import.meta.url);

/** What the default rules mask in each object of real systems; everything else stays unchanged. */
const MASKED: Readonly<Record<string, readonly string[]>> = {
  'pod.json': [
    'metadata/annotations/kubectl.kubernetes.io~last-applied-configuration',
    'spec/containers/0/args/1',
    'spec/containers/0/env/2/value',
    'spec/containers/0/livenessProbe/httpGet/httpHeaders/0/value',
    'spec/volumes/0/projected/sources/0/serviceAccountToken/path',
  ],
  'deployment.json': [
    'spec/template/spec/containers/0/env/1/value',
    'spec/template/spec/containers/0/env/3/value',
    'spec/template/spec/containers/0/env/4/value',
  ],
  'secret.json': [
    'metadata/annotations/kubectl.kubernetes.io~last-applied-configuration',
    'data/tls.crt',
    'data/tls.key',
    'data/username',
    'stringData/note',
  ],
  'github-webhook.json': ['hook/config/secret', 'alert/secret', 'installation/permissions/secrets'],
  'docker-inspect.json': ['Args/2', 'Config/Env/2', 'Config/Env/4'],
  'aws-cloudtrail.json': [
    'detail/responseElements/credentials/accessKeyId',
    'detail/responseElements/credentials/sessionToken',
    'detail/responseElements/credentials/secretAccessKey',
    'detail/responseElements/secretString',
    'detail/tags/1/Value',
  ],
  'stripe-event.json': ['data/object/client_secret'],
  'terraform-state.json': [
    'outputs/admin/value/user',
    'outputs/admin/value/pin',
    'outputs/db_password/value',
    'outputs/db_password/type',
    'resources/0/instances/0/attributes/password',
    'resources/1/instances/0/attributes/private_key_pem',
  ],
  'oauth-answer.json': [
    'access_token',
    'refresh_token',
    'id_token',
    'session/sessionId',
    'session/jwt',
    'user/passwordHash',
  ],
  'drp-machine.json': ['Params/ipmi~password', 'Params/provisioner-default-password-hash', 'Secret'],
  'secret-list.json': [
    'items/0/data/username',
    'items/0/data/password',
    'items/1/data/config',
    'items/1/stringData/note',
  ],
  'list.json': ['items/1/data/tls.crt', 'items/1/data/tls.key', 'items/2/stringData/note'],
  'compose-config.json': [
    'services/web/environment/DATABASE_URL',
    'services/web/environment/REDIS_URL',
    'services/web/environment/KAFKA',
    'services/web/environment/MONGO_URL',
    'services/web/command/1',
    'services/web/build/context',
  ],
  'log-record.json': ['message', 'exception/frames/1', 'git/remote'],
  'list-page.json': [],
  'links.json': [],
};

/** The paths of all values that are neither objects nor lists, with their text, and of empty objects and lists. */
function leavesOf(value: Json, place: readonly string[] = []): (readonly [place: string, written: string])[] {
  const entries =
    typeof value === 'object' && value !== null ? Object.entries<Json>(value as JsonObject) : [];
  if (entries.length === 0) return [[place.join('/'), JSON.stringify(value)]];
  return entries.flatMap(([name, inner]) => leavesOf(inner, [...place, name.replaceAll('/', '~')]));
}

describe('in the objects of real systems', () => {
  it('every file of the corpus is tested', () => {
    expect(readdirSync(CORPUS).toSorted()).toEqual(Object.keys(MASKED).toSorted());
  });

  it.each(Object.entries(MASKED))(
    'in %s the secrets are masked, and nothing else is changed',
    (file, places) => {
      const object = JSON.parse(readFileSync(new URL(file, CORPUS), 'utf8')) as Json;
      const event = { type: 'a', action: 'b', key: 'c', object };
      const before = leavesOf(object);
      const after = leavesOf(valueOf(new Redaction(DEFAULT_REDACTION).mask(event).object));
      expect(after.map(([place]) => place)).toEqual(before.map(([place]) => place));
      const changed = after.filter(([, value], at) => value !== before[at]?.[1]);
      expect(changed.map(([place]) => place)).toEqual(places);
      for (const [place, value] of changed)
        expect([place, value]).toEqual([place, expect.stringContaining(REDACTED)]);
    },
  );
});
