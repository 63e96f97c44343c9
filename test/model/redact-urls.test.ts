import { describe, expect, it } from 'vitest';
import { readJson, textOf, valueOf } from '../../src/model/json.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { DEFAULT_REDACTION } from '../../src/model/redaction-rules.ts';
import { NO_SECRETS, PASSWORDS, TOKENS, WRITTEN } from './url-samples.ts';

const byDefault = new Redaction(DEFAULT_REDACTION);

/** The text of the object of an event after masking. */
const kept = (written: string): string =>
  textOf(byDefault.mask({ type: 'a', action: 'b', key: 'c', object: readJson(written) }).object);
const keptText = (text: string): unknown => JSON.parse(kept(JSON.stringify({ text })));

describe('in a URL', () => {
  it.each(PASSWORDS)('the password is masked, and nothing else: %s', (text, seen) => {
    expect(keptText(text)).toEqual({ text: seen });
  });

  it.each(TOKENS)('with http a user without a password is masked as a token: %s', (text, seen) => {
    expect(keptText(text)).toEqual({ text: seen });
  });

  it.each(NO_SECRETS)('without a secret, or in another text, nothing is masked: %s', (text) => {
    expect(keptText(text)).toEqual({ text });
  });

  it('the password is masked in every text, except in the names of fields', () => {
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

  it.each(WRITTEN)('the password is masked however the text is written, and again: %s', (written, seen) => {
    expect(kept(`{"a":${written}}`)).toBe(`{"a":${seen}}`);
    expect(kept(`{"a":${seen}}`)).toBe(`{"a":${seen}}`);
  });

  it('the password stays where only rules without the usual names apply', () => {
    const given = { type: 'a', action: 'b', key: 'c', object: { pin: 1, a: 'a://b:c@d' } };
    const { object } = new Redaction([{ fields: ['pin'] }]).mask(given);
    expect(valueOf(object)).toEqual({ pin: '[redacted]', a: 'a://b:c@d' });
  });
});

describe('the text of a dead letter', () => {
  it('shows no password of a URL, except in the fields that say which event it is', () => {
    expect(byDefault.maskText('{"key":"a://b:c@d","id":["a://b:c@d"],"x":"a://b:c@d"}')).toBe(
      '{"key":"a://b:c@d","id":["a://b:[redacted]@d"],"x":"a://b:[redacted]@d"}',
    );
  });
});
