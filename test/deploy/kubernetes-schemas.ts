import { Ajv, type ValidateFunction } from 'ajv';
import { isJsonObject, type Json } from '../../src/model/json.ts';
import { read } from './files.ts';
import type { KubernetesObject } from './manifests.ts';

const SCHEMAS = JSON.parse(read('test/deploy/kubernetes-schemas.json')) as { readonly [name: string]: Json };

/** Lets no field pass that a schema does not know, as `kubectl apply --validate=strict` does it. */
function strict(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(strict);
  if (!isJsonObject(schema)) return schema;
  const made = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, strict(value)]));
  const isOpen = 'additionalProperties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return schema['type'] === 'object' && 'properties' in schema && !isOpen
    ? { ...made, additionalProperties: false }
    : made;
}

// The formats are those of Kubernetes, such as int-or-string.
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: 'kubernetes', components: { schemas: strict(SCHEMAS) } });

function validatorOf({ apiVersion, kind }: KubernetesObject): ValidateFunction {
  const version = apiVersion.split('/').at(-1) ?? '';
  const name = Object.keys(SCHEMAS).find((each) => each.endsWith(`.${version}.${kind}`));
  const validate = name === undefined ? undefined : ajv.getSchema(`kubernetes#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`There is no schema of ${kind} in ${apiVersion}.`);
  return validate;
}

/** What Kubernetes 1.34 has against an object: fields that it does not know or misses, and values of other types. */
export function complaintsAbout(object: KubernetesObject): string[] {
  const about = `${object.kind} ${object.metadata.name}`;
  const validate = validatorOf(object);
  validate(object);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${about}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
