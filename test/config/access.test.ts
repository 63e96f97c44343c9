import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { refusal } from './helpers.ts';

describe('a setting of access that could never match', () => {
  it.each([
    ['BELFRY_JWT_ISSUER', 'https://issuer.example '],
    ['BELFRY_JWT_ISSUER', '\thttps://issuer.example'],
    ['BELFRY_JWT_AUDIENCE', 'belfry\n'],
    ['BELFRY_JWT_AUDIENCE', ' '],
    ['BELFRY_COOKIE', 'mist token'],
    ['BELFRY_COOKIE', 'mist_token='],
    ['BELFRY_JWT_REQUIRE', 'expires'],
    ['BELFRY_JWT_REQUIRE', 'exp,nbf'],
  ])('is refused at the start: %s=%j', (name, value) => {
    expect(refusal({ [name]: value })).toContain(name);
  });

  it('is told apart from one that can match', () => {
    const config = loadConfig({
      BELFRY_JWT_ISSUER: 'https://issuer.example/',
      BELFRY_JWT_AUDIENCE: 'the audience',
      BELFRY_JWT_REQUIRE: 'exp, jti',
      BELFRY_COOKIE: '__Host-token',
    });
    expect(config).toMatchObject({
      jwtIssuer: 'https://issuer.example/',
      jwtAudience: 'the audience',
      jwtRequire: ['exp', 'jti'],
      cookie: '__Host-token',
    });
  });
});

describe('the dialects', () => {
  it('are all served, and norn and dorgu need no token, unless a setting says otherwise', () => {
    expect(loadConfig({})).toMatchObject({
      dialects: ['native', 'drp', 'norn', 'mist', 'provisioning', 'dorgu'],
      anonymous: ['norn', 'dorgu'],
    });
    const env = { BELFRY_DIALECTS: 'native, norn', BELFRY_ANONYMOUS: 'none', BELFRY_LISTEN: '8800=norn' };
    expect(loadConfig(env)).toMatchObject({ dialects: ['native', 'norn'], anonymous: [] });
    const shown = describeConfig(loadConfig(env)).find(({ name }) => name === 'BELFRY_ANONYMOUS');
    expect(shown?.value).toBe('none');
  });

  it.each([
    [{ BELFRY_DIALECTS: 'nornn' }, 'BELFRY_DIALECTS'],
    [{ BELFRY_ANONYMOUS: 'mist' }, 'BELFRY_ANONYMOUS'],
    [{ BELFRY_ANONYMOUS: 'none,norn' }, 'BELFRY_ANONYMOUS'],
    [{ BELFRY_DIALECTS: 'native', BELFRY_ANONYMOUS: 'norn' }, 'BELFRY_ANONYMOUS names norn'],
    [{ BELFRY_DIALECTS: 'native', BELFRY_LISTEN: '8800=norn' }, 'BELFRY_LISTEN names norn'],
  ])('are refused when a setting names one that is unknown or could have no effect: %j', (env, expected) => {
    expect(refusal(env)).toContain(expected);
  });
});
