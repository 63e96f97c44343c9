import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { isJsonObject, readJson, textOf, valueOf, type Json, type Value } from '../../src/model/json.ts';
import { fold, holds, parseField, REDACTED } from '../../src/model/redact-names.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { DEFAULT_REDACTION, type RedactionRule } from '../../src/model/redaction-rules.ts';
import { anySecretJson } from './any-secret.ts';
import { runs } from '../support/runs.ts';

const event = (object: Value, more: Partial<NewEvent> = {}): NewEvent => ({
  type: 'machines',
  action: 'save',
  key: 'm1',
  object,
  ...more,
});

const byDefault = new Redaction(DEFAULT_REDACTION);
const rule = (...fields: string[]): Redaction => new Redaction([{ fields }]);
const maskedBy = (redaction: Redaction, object: Json): Json => valueOf(redaction.mask(event(object)).object);

const words = (text: string): string[] => text.trim().split(/\s+/);

describe('the default redaction rules', () => {
  it.each(
    words(`
    password Password PASSWORD dbPassword db_password passwd passphrase
    secret Secret client_secret clientSecret token access_token X-Auth-Token
    apikey apiKey api_key API-KEY x-api-key accessKey secret_access_key
    privateKey private_key ssh-private-key secretKey Authorization authorization
    credential credentials passwordHash secrets passwords client_secrets dbCredentials Proxy-Authorization
    pwd encryption_key jwtSigningKey apiKeys private-keys Cookie Set-Cookie
    connectionString ConnectionStrings jwt sessionId JSESSIONID PHPSESSID userPasswordHash password_hashes
    SecretString secretValue secretAccessKeys db_pwd .dockerconfigjson
  `),
  )('mask %s', (name) => {
    expect(maskedBy(byDefault, { [name]: 'geheim' })).toEqual({ [name]: REDACTED });
  });

  it.each(
    words(`
    key Key keys dedupeKey idempotencyKey publicKey sshkeys public KeyName
    tokens token_count tokenizer secretName passwordPolicy author primaryKey cookies hostKey
    access-keys accessKeys nextPageToken next_page_token pageToken NextToken continuationToken imagePullSecrets
    secretKeyRef tokenPath hash session
  `),
  )('leave %s alone', (name) => {
    const given = event({ [name]: 'seen' });
    expect(byDefault.mask(given)).toBe(given);
  });
});

describe('a masked name', () => {
  it('is found at any depth of object, original and metadata, lists included', () => {
    const deep = { list: [{ a: [[{ token: 'geheim' }]] }, 1] };
    const seen = { list: [{ a: [[{ token: REDACTED }]] }, 1] };
    expect(byDefault.mask(event(deep, { original: [deep], metadata: deep }))).toEqual(
      event(seen, { original: [seen], metadata: seen }),
    );
  });

  it('masks a text or a number, and leaves true, false and null', () => {
    for (const told of ['geheim', '', 1234, 0]) {
      expect(maskedBy(byDefault, { secret: told })).toEqual({ secret: REDACTED });
    }
    for (const untold of [true, false, null]) {
      expect(maskedBy(byDefault, { secret: untold })).toEqual({ secret: untold });
    }
  });

  it('masks a list item by item, which stays a list', () => {
    expect(maskedBy(byDefault, { secret: ['geheim', 1234, null, ['x']] })).toEqual({
      secret: [REDACTED, REDACTED, null, [REDACTED]],
    });
    expect(maskedBy(byDefault, { secret: [] })).toEqual({ secret: [] });
  });

  it('of the defaults masks the texts within an object, which keeps its form and its numbers', () => {
    const token = {
      audience: 'api',
      expirationSeconds: 3607,
      rotate: true,
      more: [{ path: 'x', at: 1 }, 'y'],
    };
    expect(maskedBy(byDefault, { serviceAccountToken: token, secret: {} })).toEqual({
      serviceAccountToken: {
        audience: REDACTED,
        expirationSeconds: 3607,
        rotate: true,
        more: [{ path: REDACTED, at: 1 }, REDACTED],
      },
      secret: {},
    });
    expect(maskedBy(byDefault, { secret: { token: 1234 } })).toEqual({ secret: { token: REDACTED } });
  });

  it('of the defaults leaves what is no secret, also within a secret', () => {
    const given = event({ secret: { secretName: 'db', defaultMode: 420 } });
    expect(byDefault.mask(given)).toBe(given);
  });

  it('of a rule masks the numbers within an object too', () => {
    expect(maskedBy(rule('salary'), { salary: { amount: 5_000, paid: true, secretName: 'x' } })).toEqual({
      salary: { amount: REDACTED, paid: true, secretName: REDACTED },
    });
  });

  it('of a rule is masked though the defaults leave it', () => {
    const both = new Redaction([...DEFAULT_REDACTION, { fields: ['secretName'] }]);
    expect(maskedBy(both, { secretName: 'db', nextPageToken: 'x' })).toEqual({
      secretName: REDACTED,
      nextPageToken: 'x',
    });
  });

  it.each(['/srv/app', '~', '~/src', './x', '../x', 'C:\\src', 'd:/src'])(
    'of a working directory leaves the path %s',
    (path) => {
      const given = event({ pwd: path, OLDPWD: path, env: [`PWD=${path}`, { name: 'PWD', value: path }] });
      expect(byDefault.mask(given)).toBe(given);
      expect(maskedBy(byDefault, { dbPwd: path })).toEqual({ dbPwd: REDACTED });
    },
  );

  it('of a working directory masks what is not a path', () => {
    expect(maskedBy(byDefault, { pwd: 'a', env: ['PWD=a', { name: 'OLDPWD', value: 'a' }] })).toEqual({
      pwd: REDACTED,
      env: [`PWD=${REDACTED}`, { name: 'OLDPWD', value: REDACTED }],
    });
  });

  it('matches however it is written', () => {
    for (const written of ['sshKey', 'SSHKEY', 'ssh_key', 'Ssh-Key']) {
      expect(maskedBy(rule(written), { 'ssh-key': 'geheim' })).toEqual({ 'ssh-key': REDACTED });
    }
  });

  it.each([
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*c', 'abc', true],
    ['a*b*c', 'axxbxxc', true],
    ['*b*', 'abc', true],
    ['*', '', true],
    ['a**c', 'ac', true],
    ['ab*bc', 'abc', false],
    ['a*a', 'a', false],
    ['a*b*b', 'ab', false],
    ['abc', 'abcd', false],
    ['a*c', 'abcd', false],
    ['', 'a', false],
  ])('with stars: %s and %s: %s', (pattern, name, held) => {
    expect(holds(pattern.split('*'), name)).toBe(held);
  });

  it('with stars matches as the regular expression does', () => {
    const letters = (...unit: string[]): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
    fc.assert(
      fc.property(letters('a', 'b', '*'), letters('a', 'b'), (pattern, name) => {
        expect(holds(pattern.split('*'), name)).toBe(
          new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name),
        );
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('leaves type, key and principal of the event as they are', () => {
    const given = event(null, { principal: 'user:ada' });
    expect(rule('*').mask(given)).toBe(given);
  });
});

describe('a label beside a value', () => {
  it.each([
    ['name', 'value'],
    ['Name', 'Value'],
    ['key', 'value'],
    ['Key', 'VALUE'],
  ])('beside a value masks it as a name would: %s, %s', (label, value) => {
    expect(maskedBy(byDefault, { env: [{ [label]: 'DB_PASSWORD', [value]: 'x' }] })).toEqual({
      env: [{ [label]: 'DB_PASSWORD', [value]: REDACTED }],
    });
    expect(maskedBy(byDefault, [{ [value]: 1234, [label]: 'pin token' }])).toEqual([
      { [value]: REDACTED, [label]: 'pin token' },
    ]);
    const plain = event({ [label]: 'PATH', [value]: '/bin', password: true });
    expect(byDefault.mask(plain)).toBe(plain);
  });

  it('that is masked itself still says whether the value is secret', () => {
    const both = new Redaction([
      { fields: ['name'] },
      ...DEFAULT_REDACTION,
      { fields: ['name'], events: '*.save.*' },
    ]);
    expect(maskedBy(both, { name: 'PASSWORD', value: 'x' })).toEqual({ name: REDACTED, value: REDACTED });
  });

  it('leaves references to secrets as they are', () => {
    const valueFrom = { secretKeyRef: { name: 'db', key: 'password' } };
    const given = event({ env: [{ name: 'PASSWORD', valueFrom }] });
    expect(byDefault.mask(given)).toBe(given);
  });
});

describe('a variable or option in a list', () => {
  it.each([
    ['PASSWORD=geheim', `PASSWORD=${REDACTED}`],
    ['--db-password=a=b', `--db-password=${REDACTED}`],
    ['token=', `token=${REDACTED}`],
    ['PATH=/bin', 'PATH=/bin'],
    ['password', 'password'],
    ['my password=x', 'my password=x'],
    ['=x', '=x'],
  ])('is masked behind its name: %s', (given, seen) => {
    expect(maskedBy(byDefault, [given])).toEqual([seen]);
    expect(maskedBy(byDefault, { text: given })).toEqual({ text: given });
  });
});

describe('a Secret of Kubernetes', () => {
  it('keeps the names of its data, and masks all their values', () => {
    const secret = {
      kind: 'Secret',
      data: { user: 'YQ==', n: 1 },
      stringData: { 'tls.key': 'x' },
      type: 'Opaque',
    };
    expect(maskedBy(byDefault, { items: [secret] })).toEqual({
      items: [{ ...secret, data: { user: REDACTED, n: REDACTED }, stringData: { 'tls.key': REDACTED } }],
    });
    const map = event({ ...secret, kind: 'ConfigMap' });
    expect(byDefault.mask(map)).toBe(map);
  });

  it('is recognised as an item of a SecretList; other fields of the list are masked as anywhere', () => {
    const list = (seen: string): Json => ({
      items: [{ data: { a: seen }, metadata: { owners: [{ data: { a: 'seen' } }] } }],
      kind: 'SecretList',
      more: [{ data: { a: 'seen' } }],
    });
    expect(maskedBy(byDefault, list('x'))).toEqual(list(REDACTED));
    expect(maskedBy(rule('pin'), { pin: 1, list: list('x') })).toEqual({ pin: REDACTED, list: list('x') });
  });
});

describe('a value that is marked as sensitive', () => {
  it('is masked, as Terraform marks secrets', () => {
    expect(maskedBy(byDefault, { admin: { value: { a: [1] }, sensitive: true, type: 'string' } })).toEqual({
      admin: { value: { a: [REDACTED] }, sensitive: true, type: 'string' },
    });
    const given = event({ value: 'x', sensitive: false });
    expect(byDefault.mask(given)).toBe(given);
  });
});

describe('a masked path', () => {
  it('masks whatever value stands at its end, and only there', () => {
    const redaction = rule('object.spec.sshKey', 'original.a');
    const object = { spec: { sshKey: true, other: 1 }, sshKey: 'seen', a: 2 };
    expect(redaction.mask(event(object, { original: { a: null, spec: { sshKey: 'seen' } } }))).toEqual(
      event(
        { spec: { sshKey: REDACTED, other: 1 }, sshKey: 'seen', a: 2 },
        { original: { a: REDACTED, spec: { sshKey: 'seen' } } },
      ),
    );
  });

  it('leads through each item of a list, and may hold stars', () => {
    const object = { users: [{ name: 'ada', pins: [1, 2] }, { name: 'bob' }], labels: { a: 'x', b: 'y' } };
    expect(maskedBy(rule('object.users.pins', 'object.labels.*'), object)).toEqual({
      users: [{ name: 'ada', pins: [REDACTED, REDACTED] }, { name: 'bob' }],
      labels: { a: REDACTED, b: REDACTED },
    });
  });

  it('masks everything in an object at its end, which keeps its form', () => {
    expect(maskedBy(rule('object.a'), { a: { b: [1, 'x', true, null, {}], c: {} } })).toEqual({
      a: { b: [REDACTED, REDACTED, REDACTED, REDACTED, {}], c: {} },
    });
  });

  it('that leads nowhere changes nothing', () => {
    const given = event({ spec: 'text', other: [1] });
    expect(rule('object.spec.sshKey', 'metadata.x', 'object.other.a.b').mask(given)).toBe(given);
  });

  it.each(['type.a', 'object.', '.password', 'a.b', '', '-', ' ', 'Object.a', 'object..a', 'a\u0000b'])(
    'or name cannot be %j',
    (text) => {
      expect(parseField(text)).toBeUndefined();
    },
  );
});

describe('a redaction rule', () => {
  it('for some events leaves others alone', () => {
    const redaction = new Redaction([{ fields: ['pin'], events: 'machines.save,update.*' }]);
    expect(redaction.mask(event({ pin: 1 })).object).toEqual({ pin: REDACTED });
    expect(redaction.mask(event({ pin: 1 }, { action: 'delete' })).object).toEqual({ pin: 1 });
    expect(redaction.mask(event({ pin: 1 }, { type: 'profiles' })).object).toEqual({ pin: 1 });
  });

  it('for some events leaves the defaults in force for those', () => {
    const both = new Redaction([...DEFAULT_REDACTION, { fields: ['pin'], events: 'machines.*.*' }]);
    const object = (seen: string): Json => ({
      pwd: seen,
      url: `a://b:${seen}@c`,
      secret: { secretName: 'db', a: seen },
      pin: seen,
    });
    expect(maskedBy(both, object('x'))).toEqual(object(REDACTED));
  });

  it('with exceptions keeps the value for the roles that may see it', () => {
    const given = event({ ssn: '1', password: '2' });
    const redaction = new Redaction([...DEFAULT_REDACTION, { fields: ['ssn'], except: ['hr'] }]);
    const kept = redaction.mask(given);
    expect(kept.object).toEqual({ ssn: '1', password: REDACTED });
    expect(redaction.viewOf(['hr']).mask(kept)).toBe(kept);
    expect(redaction.viewOf(['admin']).mask(kept)).toBe(kept);
    expect(redaction.viewOf(['dev']).mask(kept).object).toEqual({ ssn: REDACTED, password: REDACTED });
  });
});

describe('the view of some roles', () => {
  const rules: readonly RedactionRule[] = [
    { fields: ['a'], except: ['x'] },
    { fields: ['b'], except: ['x', 'y'] },
    { fields: ['c'], except: ['y', 'x'] },
  ];
  const redaction = new Redaction(rules);

  it('is the same object for roles for which the same is masked, and another for others', () => {
    expect(redaction.viewOf(['y'])).toBe(redaction.viewOf(['y', 'unheard-of']));
    expect(redaction.viewOf([])).toBe(redaction.viewOf(['z']));
    expect(redaction.viewOf(['x'])).toBe(redaction.viewOf(['admin']));
    const texts = [['x'], ['y'], ['z']].map((roles) => redaction.viewOf(roles).text);
    expect(new Set(texts).size).toBe(3);
  });

  it('masks what none of its roles may see', () => {
    const seen = (roles: string[]): Json =>
      valueOf(redaction.viewOf(roles).mask(event({ a: 1, b: 2, c: 3 })).object);
    expect(seen(['x'])).toEqual({ a: 1, b: 2, c: 3 });
    expect(seen(['y'])).toEqual({ a: REDACTED, b: 2, c: 3 });
    expect(seen(['z', 'y'])).toEqual({ a: REDACTED, b: 2, c: 3 });
    expect(seen([])).toEqual({ a: REDACTED, b: REDACTED, c: REDACTED });
  });

  it('is whole for roles for which nothing is masked', () => {
    const isWhole = (...roles: string[]): boolean => redaction.viewOf(roles).isWhole;
    expect([isWhole(), isWhole('y'), isWhole('x'), isWhole('admin')]).toEqual([false, false, true, true]);
    expect(byDefault.viewOf([]).isWhole).toBe(true);
  });

  it('leaves replies of the hub itself as they are', () => {
    const reply = event({ a: 1 }, { type: 'belfry', action: 'subscribe' });
    expect(redaction.viewOf([]).mask(reply)).toBe(reply);
  });
});

describe('masking', () => {
  const [byName] = DEFAULT_REDACTION;
  const oneOf = (globs: readonly string[]): RegExp =>
    new RegExp(`^(?:${globs.map((glob) => fold(glob).replaceAll('*', '.*')).join('|')})$`, 's');
  const [secrets, noSecrets] = [oneOf(byName?.fields ?? []), oneOf(byName?.usual?.noSecrets ?? [])];
  const isNoSecret = (name: string): boolean => noSecrets.test(fold(name));
  const isSecret = (name: string): boolean => secrets.test(fold(name)) && !isNoSecret(name);

  /** The default rules written in another way: whether a value is under a secret, and of which kind it is. */
  const expected = (
    value: Json,
    under: 'nothing' | 'an object of a secret' | 'a secret' = 'nothing',
  ): Json => {
    if (typeof value === 'string' || typeof value === 'number') {
      const isTold = under === 'a secret' || (under !== 'nothing' && typeof value === 'string');
      return isTold ? REDACTED : value;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => expected(item, under));
    if (!isJsonObject(value)) return value;
    const isLabelled = Object.entries(value).some(
      ([name, label]) => ['name', 'key'].includes(fold(name)) && typeof label === 'string' && isSecret(label),
    );
    const outer = under === 'nothing' ? under : 'an object of a secret';
    const entries = Object.entries(value).map(([name, inner]): [string, Json] => {
      const own = isSecret(name) || (isLabelled && fold(name) === 'value');
      return [name, expected(inner, own ? 'a secret' : isNoSecret(name) ? 'nothing' : outer)];
    });
    return Object.fromEntries(entries);
  };

  it('changes only what it must, and never its argument', () => {
    fc.assert(
      fc.property(anySecretJson(), anySecretJson(), (object, original) => {
        const given = event(object, { original });
        const before = structuredClone(given);
        const masked = byDefault.mask(given);
        expect(masked).toEqual({ ...given, object: expected(object), original: expected(original) });
        expect(given).toEqual(before);
        expect(Object.keys(masked)).toEqual(Object.keys(given));
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('an event that is masked already answers the same object, whatever the rules', () => {
    const fields = fc.array(
      fc.constantFrom('a', 'b', '*token', 'object.a', 'object.a.b', 'object.*.a', 'original.b.*', '*'),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 3 }), anySecretJson(), anySecretJson(), (all, one, two) => {
        const redaction = new Redaction(all.map((each, at) => ({ fields: each, events: `*.*.m1,${at}` })));
        const masked = redaction.mask(event(one, { original: two }));
        expect(redaction.mask(masked)).toBe(masked);
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('answers the event itself when there is nothing to mask', () => {
    const plain = event({ a: [{ b: 1 }], token: null });
    expect(byDefault.mask(plain)).toBe(plain);
  });

  it('leaves everything else as it was written', () => {
    const written = (secret: string): string =>
      `{ "n":[ ],"o":{ }, "x":1.0e+2 ,"big":12345678901234567890,"p\\u0061ssword" : ${secret},"s":"\\u00e9\\/","l":[{"token":${secret}}, [] ]}`;
    for (const secret of ['"geheim"', '"a\\"b"', '"\\\\"', '12', '-1.5e400']) {
      const { object } = byDefault.mask(event(readJson(written(secret))));
      expect(textOf(object)).toBe(written(`"${REDACTED}"`));
    }
  });

  it('masks each value of a name that occurs twice', () => {
    const text = '{"password":"geheim","password":null,"name":"TOKEN","value":"geheim","name":"x"}';
    const { object } = byDefault.mask(event(readJson(text)));
    expect(textOf(object)).toBe(text.replaceAll('geheim', REDACTED));
  });

  it('masks each name, however many names there were before', () => {
    for (let n = 0; n < 8_000; n++) {
      expect(maskedBy(byDefault, { [`n${n}`]: 1, [`t${n}_token`]: 2 })).toEqual({
        [`n${n}`]: 1,
        [`t${n}_token`]: REDACTED,
      });
    }
  });
});

describe('a text that may not be an event', () => {
  const redaction = new Redaction([
    { fields: ['token', 'type', 'object.pin'] },
    { fields: ['ssn'], events: 'people.*.*' },
    { fields: ['salary'], except: ['hr'] },
  ]);

  it.each([
    ['a name at any depth, beside the event too', '{"a":[{"token":"x"}],"Token":1}', '{"a":[{"token":"[redacted]"}],"Token":"[redacted]"}'], // prettier-ignore
    ['rules for some events, as it may be one', '{"payload":{"ssn":1}}', '{"payload":{"ssn":"[redacted]"}}'],
    [
      'a path, wherever a format puts it',
      '{"Data":{"pin":1},"pin":2}',
      '{"Data":{"pin":"[redacted]"},"pin":2}',
    ],
    ['a list', '[{"token":"x"},1]', '[{"token":"[redacted]"},1]'],
    ['JSON that no event may be made of, as a whole', '{"__proto__":1}', '"[redacted]"'],
  ])('is masked by %s', (_name, text, masked) => {
    expect(redaction.maskText(text)).toBe(masked);
  });

  it.each([
    ['that says what the event is', '{ "type":"a","object":{"b":1} }'],
    ['that is not JSON', '{"token":"x"'],
    ['of a plain value', '"token"'],
    ['with what some may see', '{"salary":1}'],
  ])('stays as it is %s', (_name, text) => {
    expect(redaction.maskText(text)).toBe(text);
  });

  it('is masked for roles that may not see what others may', () => {
    expect(redaction.viewOf([]).maskText('{"salary":1}')).toBe('{"salary":"[redacted]"}');
    expect(redaction.viewOf(['hr']).maskText('{"salary":1}')).toBe('{"salary":1}');
  });
});
