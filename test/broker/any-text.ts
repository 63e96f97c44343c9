/**
 * Arbitraries for the JSON of events as anybody may write it: every format, mixed and broken, with duplicate names
 * and any escapes.
 */
import * as fc from 'fast-check';

/** How a string may be written in JSON. */
function written(text: string, how: number): string {
  if (how === 1) {
    const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
    return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
  }
  return how === 2 ? JSON.stringify(text).replaceAll('/', '\\/') : JSON.stringify(text);
}

const stringOf = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.integer({ min: -4, max: 2 })).map(([each, how]) => written(each, how));

const EVIL = ['', ' ', '.', '..', 'a.b', '[]', 'card[]', 'x[0]', '[ ]', '{}', '%', '%2E', ':', 'a:b', '*', ',', '\\1', '\\', '"', '/', '\n', '\u0000', '\ufeff', 'é', 'Ⅻ', '🦀', '\u212Aey', 'ſecret', 'constructor', 'toString', '1', 'nil']; // prettier-ignore
const URLS = ['a://b:c@d', '://:p/@', 'see https://t@h, b://u:p\\q@h?c', 'https://t:x-oauth-basic@h', 'http://a/?n=https://t@h', 'x://h/?n=HTTP://u:p@h', 's://u:é🦀\n@h', 's://u:p@"q@h', 'https://u@h,z://a:b@c@d', 'a@b.c', 'x:/\\/u:p@h']; // prettier-ignore
const SECRETS = ['password', 'DB_PASSWORD', 'p-a-s-s-w-o-r-d', 'tokens', 'token', 'accessKeys', 'secretName', 'secret', 'pwd', 'PWD', 'nextPageToken', 'jwt', '/token', 'x"token', 'PASSWORD=x', '--token=', 'PWD=/a', 'pwd=C:\\a', '/srv', '~', 'c:/x', 'Secret']; // prettier-ignore
const SAYING = ['name', 'key', 'Key', 'value', 'VALUE', 'kind', 'data', 'string_data', 'items', 'SecretList', 'sensitive', 'a', 'b', 'id', 'pin']; // prettier-ignore

const words = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SAYING) },
  { weight: 3, arbitrary: fc.constantFrom(...SECRETS) },
  { weight: 1, arbitrary: fc.constantFrom(...URLS) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom('http', 'S', '://', ':/', '/', ':', '@', '\\', '"', '?', '&', '=', '#', ' ', '\u001f', 'é', 'u', 'x-oauth-basic'), { maxLength: 12 }).map((parts) => parts.join('')) }, // prettier-ignore
  { weight: 1, arbitrary: fc.constantFrom(...EVIL) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'grapheme', maxLength: 5 }).filter((text) => text.isWellFormed()),
  },
);

export const string = stringOf(words);
export const number = fc.constantFrom('0', '-0', '7', '42', '-1', '1.0', '1e5', '0.25', '9007199254740993', '1e400', '-1.5E-7', '12345678901234567890'); // prettier-ignore
const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t', ' \r\n ');

const objectOf = (fields: fc.Arbitrary<readonly (readonly [string, string])[]>): fc.Arbitrary<string> =>
  fc.tuple(fields, space, space).map(([pairs, before, after]) => {
    const texts = pairs.map(([name, value]) => `${before}${name}${after}:${before}${value}${after}`);
    return `{${texts.join(',')}${pairs.length === 0 ? before : ''}}`;
  });

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    string,
    fc.oneof(number, fc.constantFrom('true', 'false', 'null')),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), space)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},`)}]`),
    {
      weight: 3,
      arbitrary: objectOf(fc.array(fc.tuple(string, tie('value')), { maxLength: 4, size: 'max' })),
    },
  ),
}));

const nested = fc
  .tuple(fc.integer({ min: 55, max: 66 }), fc.boolean())
  .map(([levels, isList]) =>
    isList ? '['.repeat(levels) + ']'.repeat(levels) : `${'{"a":'.repeat(levels)}{}${'}'.repeat(levels)}`,
  );
const anyValue = fc.oneof({ weight: 30, arbitrary: value }, { weight: 1, arbitrary: nested });

const type = stringOf(
  fc.constantFrom('profiles', 'a', 'connections', 'presence', 'belfry', 'Tokens', ...EVIL),
);
const dotted = stringOf(
  fc.constantFrom('deploy.step', 'a.b.c', 'cluster.added', 'tokens.x', 'websocket.x', 'a', '.', 'a.', '.a', 'a..b', 'é.🦀', 'a\n.b'),
); // prettier-ignore
const action = stringOf(fc.constantFrom('save', 'b', 'deleted', ...EVIL));
const key = stringOf(fc.constantFrom('global', 'secret', ...EVIL));
const time = stringOf(
  fc.constantFrom('2025-01-15T10:30:00Z', '0001-01-01T00:00:00Z', '2025-02-30T00:00:00Z', ''),
);
const eventType = stringOf(fc.constantFrom('TaskStatusChanged', 'LogEntry', 'MetricUpdate', 'SystemHealthUpdate', 'own', 'connections', 'constructor')); // prettier-ignore
const id = fc.oneof(
  key,
  fc.constantFrom('0', '7', '42'),
  fc.constantFrom('null', 'true', 'false', '[]', '{}'),
);
const data = fc.oneof(
  anyValue,
  objectOf(
    fc.array(
      fc.tuple(fc.constantFrom('"name"', '"task_id"', '"component"', '"metric_n\\u0061me"', '"pin"'), id),
      {
        maxLength: 4,
      },
    ),
  ),
);

/** Values that fit their names, most of the time. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  type: fc.oneof(type, dotted),
  action,
  key,
  principal: key,
  time,
  timestamp: time,
  event_type: eventType,
  appId: fc.oneof({ weight: 9, arbitrary: key }, { weight: 1, arbitrary: id }),
  data,
  payload: anyValue,
  object: anyValue,
  original: anyValue,
  metadata: fc.oneof(objectOf(fc.array(fc.tuple(string, value), { maxLength: 3 })), anyValue),
  id: key,
  token: anyValue,
  specversion: fc.constantFrom('"1.0"', '"1.0"', '"1.0"', '"0.3"', '1.0'),
  source: stringOf(fc.constantFrom('/a', 'https://u:p@h/x', ...URLS)),
  subject: key,
  datacontenttype: fc.constantFrom('"application/json"', '"text/plain"', '"text"'),
  partition: fc.oneof(key, fc.constantFrom('true', '7', '1e400')),
  password: key,
  data_base64: fc.constantFrom('"YQ=="', '"cGFzc3dvcmQ="', '"a"', 'null'),
  belfrymetadata: stringOf(fc.constantFrom('{"token":"x"}', '{"a":{"password":"x","n":1.0}}', '[]', '{')),
  belfryoriginal: stringOf(
    fc.constantFrom('{"token":"x"}', '["PASSWORD=x", 1.0 ]', '"https://u:p@h"', '1,2'),
  ),
};

const FORMS: readonly (readonly string[])[] = [
  ['type', 'action', 'key'],
  ['type', 'action', 'key', 'object'],
  ['type', 'action', 'key', 'object', 'original', 'metadata'],
  ['Type', 'Action'],
  ['Type', 'Action', 'Key', 'Object'],
  ['event_type', 'data'],
  ['type', 'appId', 'payload'],
  ['type', 'appId'],
  ['type', 'data'],
  ['specversion', 'id', 'source', 'type', 'subject', 'data'],
  ['specversion', 'id', 'source', 'type', 'partition', 'password', 'data_base64'],
  ['specversion', 'id', 'source', 'type', 'datacontenttype', 'belfrymetadata', 'belfryoriginal'],
];

function named(name: string): fc.Arbitrary<readonly [string, string]> {
  const lower = name === 'appId' ? name : name.toLowerCase();
  const fitting = VALUES[lower] ?? anyValue;
  const own = fc.oneof({ weight: 20, arbitrary: fitting }, { weight: 1, arbitrary: anyValue });
  return fc.tuple(
    fc.integer({ min: -20, max: 1 }).map((how) => written(name, how)),
    own,
  );
}

const spelled = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(name, name, name[0]?.toUpperCase() + name.slice(1), name.toUpperCase());

const more = fc.array(
  fc.constantFrom(...Object.keys(VALUES)).chain((name) => spelled(name).chain(named)),
  { maxLength: 3 },
);

/** The text of what is an event in some format, or nearly one. */
export const anyEventText: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...FORMS).chain((form) => fc.tuple(...form.map(named))),
    fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, more),
    fc.nat(100),
  )
  .chain(([fields, others, seed]) => {
    const pairs = seed % 3 === 0 ? [...others, ...fields] : [...fields, ...others];
    return fc.tuple(
      objectOf(fc.constant(pairs)),
      space,
      fc.nat(50).map((n) => (n === 50 ? '\ufeff' : '')),
    );
  })
  .map(([text, gap, begin]) => `${begin}${gap}${text}${gap}`);

/** Names that hardly any rule masks, and the letters at which a quick look for secrets turns into a closer one. */
const PLAIN = ['a', 'b', 'n1', 'state', 'name', 'kind', 'data', 'items', 'Pod', 'Secrets', 'http://h/p', 'ann@h', 'a=b', '-x=1', 'é', '日本', '"', '\\', '\n', '1.', '-.5', 'v1.x', '__proto', '_proto__', '']; // prettier-ignore
const plainWord = fc.constantFrom(...PLAIN);
const plainString = fc.tuple(plainWord, fc.constantFrom(0, 0, 0, 0, 1, 2)).map(([text, how]) => written(text, how)); // prettier-ignore
const plainNumber = fc.constantFrom('0', '1.5', '-0.25', '1e5', '1.', '-.5', '.5', '01', '1.e5', '12.0E+2');

const { plain } = fc.letrec<{ plain: string }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: plainString },
    fc.constantFrom('1', 'true', 'null', '7.25'),
    { weight: 3, arbitrary: objectOf(fc.array(fc.tuple(plainString, tie('plain')), { maxLength: 3 })) },
    fc.array(tie('plain'), { maxLength: 3 }).map((items) => `[${items.join()}]`),
  ),
}));

/**
 * The text of an event in which mostly nothing is masked: at most one value of it comes from elsewhere, or is no JSON.
 */
export const anyPlainEventText: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(plainString, plain), { minLength: 1, maxLength: 4 }),
    fc.oneof(
      { weight: 3, arbitrary: plain },
      { weight: 2, arbitrary: value },
      { weight: 1, arbitrary: plainNumber },
    ),
    fc.oneof({ weight: 5, arbitrary: plainString }, { weight: 1, arbitrary: string }),
    fc.nat(10),
    key,
  )
  .map(([fields, other, name, at, keyed]) => {
    const pairs = fields.map(([each, inner]) => `${each}:${inner}`);
    pairs.splice(at, 0, `${name}:${other}`);
    return `{"type":"a","action":"b","key":${keyed},"object":{${pairs.join()}}}`;
  });
