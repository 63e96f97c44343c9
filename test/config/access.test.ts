import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
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

  it('is told from one that can', () => {
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
