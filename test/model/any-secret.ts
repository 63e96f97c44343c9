import * as fc from 'fast-check';
import type { Json } from '../../src/model/json.ts';

const NAMES = [
  'password',
  'Pass_Word',
  'dbPassword',
  'api_key',
  'API-Key',
  'X-Auth-Token',
  'token',
  'tokens',
  'secretName',
  'value',
  'key',
  'Key',
  'dedupeKey',
  'secret',
  'Authorization',
  'a',
  'b',
  'name',
  'object',
  'id',
  'to\u212Aen',
  ':a_token',
  'x"dbtoken',
  '"token',
];

/** An arbitrary for any JSON value, in which some names are, or nearly are, those of the default rules. */
export function anySecretJson(): fc.Arbitrary<Json> {
  const text = fc.string({ unit: 'binary', maxLength: 10 });
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
    { weight: 1, arbitrary: text.filter((each) => each !== '__proto__') },
  );
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom<Json>(
        null,
        true,
        false,
        0,
        -1.5e-7,
        1e21,
        '',
        '[redacted]',
        '"}',
        '\\"',
        'DB_PASSWORD',
        'x',
      ),
      text,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  return value.map((each) => JSON.parse(JSON.stringify(each)) as Json);
}
