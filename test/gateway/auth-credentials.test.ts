import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { credentialsOf, type Credentials } from '../../src/gateway/auth/credentials.ts';
import { BelfryError } from '../../src/model/errors.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const from = (authorization?: string, query = ''): Credentials =>
  credentialsOf({ authorization, query: new URLSearchParams(query) });

/** The error that is thrown, if any. */
function thrownBy(authorization?: string, query = ''): unknown {
  try {
    from(authorization, query);
  } catch (error) {
    return error;
  }
  return undefined;
}

function refusal(authorization?: string, query = ''): BelfryError {
  const error = thrownBy(authorization, query);
  if (error instanceof BelfryError) return error;
  throw new Error('the credentials were read', { cause: error });
}

describe('the Authorization header', () => {
  test('carries a token or a user with password', () => {
    expect(from('Bearer a.b.c')).toEqual({ kind: 'bearer', token: 'a.b.c' });
    expect(from(basic('ann:pass:word'))).toEqual({ kind: 'basic', name: 'ann', password: 'pass:word' });
    expect(from(basic('ann:'))).toEqual({ kind: 'basic', name: 'ann', password: '' });
    expect(from(basic('Änne:pässwörd'))).toEqual({ kind: 'basic', name: 'Änne', password: 'pässwörd' });
  });

  test('takes precedence over the query, even when it cannot be read', () => {
    expect(from('Bearer header', 'token=query')).toEqual({ kind: 'bearer', token: 'header' });
    expect(refusal('Digest x', 'token=query').code).toBe('credentials_malformed');
  });

  test('counts as absent when it is empty', () => {
    expect(from('', 'token=query')).toEqual({ kind: 'bearer', token: 'query' });
    expect(refusal('').code).toBe('credentials_missing');
  });

  test.each([
    ['a scheme in another case', 'bearer a.b.c'],
    ['a scheme in capitals', 'BEARER a.b.c'],
    ['several spaces', '  Bearer   a.b.c  '],
    ['a tab', 'Bearer\ta.b.c'],
  ])('carries a token with %s', (_what, header) => {
    expect(from(header)).toEqual({ kind: 'bearer', token: 'a.b.c' });
  });

  test.each([
    ['without padding', 'basic YTpiYg'],
    ['with more spaces', `Basic   ${Buffer.from('a:bb').toString('base64')}`],
  ])('carries user and password as base64 %s', (_what, header) => {
    expect(from(header)).toEqual({ kind: 'basic', name: 'a', password: 'bb' });
  });

  test('carries user and password in the alphabet of URLs, and in the bytes of Latin-1', () => {
    const text = 'a:\u00fe\u00ff???';
    const password = text.slice(2);
    for (const header of [
      Buffer.from(text).toString('base64url'),
      Buffer.from(text, 'latin1').toString('base64'),
    ])
      expect(from(`Basic ${header}`)).toEqual({ kind: 'basic', name: 'a', password });
  });

  test.each([
    ['another scheme', 'Digest x'],
    ['a scheme alone', 'Bearer'],
    ['an empty token', 'Bearer '],
    ['base64 of nothing', 'Basic '],
    ['what is not base64', 'Basic a:b'],
    ['base64 without a colon', basic('ann')],
  ])('is malformed when it has %s', (_what, header) => {
    const { code, status } = refusal(header);
    expect({ code, status }).toEqual({ code: 'credentials_malformed', status: 401 });
  });
});

describe('the query', () => {
  test('carries a token under both names, or user:password as it is', () => {
    expect(from(undefined, 'token=a.b.c')).toEqual({ kind: 'bearer', token: 'a.b.c' });
    expect(from(undefined, 'Token=a.b.c')).toEqual({ kind: 'bearer', token: 'a.b.c' });
    expect(from(undefined, 'Token=ann:pass:word')).toEqual({
      kind: 'basic',
      name: 'ann',
      password: 'pass:word',
    });
  });

  test('carries a token under the name of RFC 6750, and with the line break that a shell left', () => {
    expect(from(undefined, 'access_token=a.b.c')).toEqual({ kind: 'bearer', token: 'a.b.c' });
    expect(from(undefined, 'token=a.b.c%0A')).toEqual({ kind: 'bearer', token: 'a.b.c' });
  });

  test('counts as missing credentials when it has no token', () => {
    for (const query of ['', 'token=', 'TOKEN=x', 'x=token']) {
      const { code, status } = refusal(undefined, query);
      expect({ code, status }).toEqual({ code: 'credentials_missing', status: 401 });
    }
  });
});

test('every header and query either is read or is refused with a BelfryError', () => {
  const header = fc.oneof(
    fc.string(),
    fc.string().map((text) => `Basic ${text}`),
    fc.string({ unit: 'binary' }).map(basic),
  );
  fc.assert(
    fc.property(fc.option(header, { nil: undefined }), fc.string(), (authorization, query) => {
      const error = thrownBy(authorization, query);
      expect(error === undefined || error instanceof BelfryError).toBe(true);
    }),
  );
});

test('a refusal repeats nothing of the credentials', () => {
  const secret = fc.stringMatching(/^[\w!-]{8,20}$/);
  fc.assert(
    fc.property(secret, (word) => {
      for (const header of [word, `Digest ${word}`, `Basic ${word}!`, basic(word)]) {
        const { message } = refusal(header);
        for (const part of [word, basic(word).slice('Basic '.length)]) expect(message).not.toContain(part);
      }
    }),
  );
});

test('a header that Basic encoding made is read as the same name and password', () => {
  const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(':'));
  fc.assert(
    fc.property(name, fc.string({ unit: 'grapheme' }), (user, password) => {
      expect(from(basic(`${user}:${password}`))).toEqual({ kind: 'basic', name: user, password });
    }),
  );
});
