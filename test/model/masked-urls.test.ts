import { describe, expect, it } from 'vitest';
import { readJson, textOf, valueOf } from '../../src/model/json.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { DEFAULT_REDACTION } from '../../src/model/redaction-rules.ts';

const byDefault = new Redaction(DEFAULT_REDACTION);

/** The text of an event's object as it is kept. */
const kept = (written: string): string =>
  textOf(byDefault.mask({ type: 'a', action: 'b', key: 'c', object: readJson(written) }).object);
const keptText = (text: string): unknown => JSON.parse(kept(JSON.stringify({ text })));

describe('in a URL', () => {
  it.each([
    ['postgres://user:pw@host/db', 'postgres://user:[redacted]@host/db'],
    ['redis://:pw@host', 'redis://:[redacted]@host'],
    ['a://u:p%40%2Fq@h', 'a://u:[redacted]@h'],
    ['a://u:p@q:r@h', 'a://u:[redacted]@h'],
    ['smb://SHOP\\ada:pw@nas/x', 'smb://SHOP\\ada:[redacted]@nas/x'],
    ['a://u:pé🦀\\@h', 'a://u:[redacted]@h'],
    ['connecting to amqp://a:b@c', 'connecting to amqp://a:[redacted]@c'],
    ['a://b:c@d, "e://f:g@h"\ni://j:k@l', 'a://b:[redacted]@d, "e://f:[redacted]@h"\ni://j:[redacted]@l'],
    ['a://b:c@d,a://e:f@g', 'a://b:[redacted]@d,a://e:[redacted]@g'],
    ['https://x.org/?next=http://a:b@c', 'https://x.org/?next=http://a:[redacted]@c'],
  ])('the password is masked, and nothing else: %s', (text, seen) => {
    expect(keptText(text)).toEqual({ text: seen });
  });

  it.each([
    ['https://ghp_1@github.com/a', 'https://[redacted]@github.com/a'],
    ['REPO=git+HTTPS://ghp_1@github.com', 'REPO=git+HTTPS://[redacted]@github.com'],
    ['http://sk_1:@h', 'http://[redacted]:@h'],
    ['https://ghp_1:x-oauth-basic@h', 'https://[redacted]:x-oauth-basic@h'],
    ['https://oauth2:glpat@h', 'https://oauth2:[redacted]@h'],
  ])('of http a user without a password is masked, who is a token: %s', (text, seen) => {
    expect(keptText(text)).toEqual({ text: seen });
  });

  it.each([
    'ada@example.org',
    'scp user@host:path',
    'http://host/a@b',
    'http://host?a:b@c',
    'http://host#a:b@c',
    'http://host:80 a:b@c',
    'http://host:80\ta:b@c',
    'http://host:80\u0001a:b@c',
    '"http://host:80"a:b@c',
    "'http://host:80'a:b@c",
    '`http://host:80`a:b@c',
    '<http://host:80>a:b@c',
    'https://example.org/?next=http://x@y',
    'https://example.org/?a=b&next=https://x@y',
    'ssh://git@github.com/a',
    'postgres://user@host',
    'postgres://user:@host',
    'https://@host',
    'https://:@host',
    '://',
    '@://',
  ])('or another text without a secret nothing is: %s', (text) => {
    expect(keptText(text)).toEqual({ text });
  });

  it('the password is masked wherever a text stands, but in the names of fields', () => {
    const object = { a: ['a://b:c@d', ['X=a://b:c@d']], 'a://b:c@d': { secretName: 'a://b:c@d' } };
    const seen = 'a://b:[redacted]@d';
    expect(JSON.parse(kept(JSON.stringify(object)))).toEqual({
      a: [seen, [`X=${seen}`]],
      'a://b:c@d': { secretName: seen },
    });
    expect(kept('"a://b:c@d"')).toBe(`"${seen}"`);
    const url = 'a://b:c@d';
    const given = { type: 'a', action: 'b', key: url, object: null, original: url, metadata: { a: url } };
    const { key, original, metadata } = byDefault.mask(given);
    expect([key, valueOf(original), valueOf(metadata)]).toEqual([url, seen, { a: seen }]);
  });

  it('the password is masked however the text is written', () => {
    expect(kept(String.raw`{"a":"a:\/\/b:c@d\/e\n"}`)).toBe(String.raw`{"a":"a:\/\/b:[redacted]@d\/e\n"}`);
    expect(kept(String.raw`{"a":"a://b:c\u0026\u00e9@d"}`)).toBe('{"a":"a://b:[redacted]@d"}');
    expect(kept(String.raw`{"a":"\u0061\u003a\u002F/b\u003ac\u0040d\u0022\u005c"}`)).toBe(
      String.raw`{"a":"a://b:[redacted]@d\"\\"}`,
    );
    for (const text of [
      String.raw`{"a":"\u0061://b:c\u000a@d"}`,
      String.raw`{"a":"a://b\n:c@d"}`,
      String.raw`{"a":"a:\\/\\/b:c@d\u0041"}`,
    ])
      expect(kept(text)).toBe(text);
  });

  it('what is masked stays as it is when it is masked again', () => {
    for (const text of ['{"a":"a://b:[redacted]@c"}', '{"a":"https://[redacted]@c"}'])
      expect(kept(text)).toBe(text);
  });

  it('the password stays where only rules of our own hold', () => {
    const given = { type: 'a', action: 'b', key: 'c', object: { a: 'a://b:c@d' } };
    expect(new Redaction([{ fields: ['pin'] }]).mask(given)).toBe(given);
  });
});

describe('the text of a dead entry', () => {
  it('shows no password of a URL, but in what says what the event is', () => {
    expect(byDefault.maskText('{"key":"a://b:c@d","id":["a://b:c@d"],"x":"a://b:c@d"}')).toBe(
      '{"key":"a://b:c@d","id":["a://b:[redacted]@d"],"x":"a://b:[redacted]@d"}',
    );
  });
});
