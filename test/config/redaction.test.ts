import { describe, expect, test } from 'vitest';
import { redactionOf } from '../../src/config/redaction.ts';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import type { Json } from '../../src/model/json.ts';
import { REDACTED } from '../../src/model/redact-names.ts';
import { fromFile, refusal } from './helpers.ts';

const refused = (rules: unknown): string => refusal({ BELFRY_REDACTION: JSON.stringify(rules) });
const masked = (env: Record<string, string>, object: Json): Json =>
  redactionOf(loadConfig(env)).mask({ type: 'a', action: 'b', key: '', object }).object;

describe('redaction', () => {
  test('masks the usual names of secrets without any setting, and beside rules that are given', () => {
    const object = { token: 'x', pin: 1 };
    expect(masked({}, object)).toEqual({ token: REDACTED, pin: 1 });
    const BELFRY_REDACTION = '[{"fields":["pin"],"events":"a.*.*"}]';
    expect(masked({ BELFRY_REDACTION }, object)).toEqual({ token: REDACTED, pin: REDACTED });
    const off = { BELFRY_REDACTION, BELFRY_REDACTION_DEFAULTS: 'off' };
    expect(masked(off, object)).toEqual({ token: 'x', pin: REDACTED });
  });

  test('takes the same rules from the file as from the environment, and is shown as it was written', () => {
    const config = fromFile('redaction:\n  - fields: [ssn, object.a.*]\n    except: [hr]\n');
    const written = '[{"fields":["ssn","object.a.*"],"except":["hr"]}]';
    expect(config.redaction).toEqual(loadConfig({ BELFRY_REDACTION: written }).redaction);
    expect(describeConfig(config)).toContainEqual(
      expect.objectContaining({ name: 'BELFRY_REDACTION', value: written, source: 'file' }),
    );
  });

  test.each([
    ['{}', 'Expected a list'],
    ['secret', 'Expected JSON'],
  ])('is refused when its setting is %s', (BELFRY_REDACTION, words) => {
    expect(refusal({ BELFRY_REDACTION })).toContain(words);
  });

  test('refuses a rule that is not valid, and says where the fault is', () => {
    expect(refused([{ fields: ['a'] }, { fields: ['a', 'type.a'] }])).toContain(
      'BELFRY_REDACTION.1.fields.1 (environment) is not a field. Expected a name, or a path that begins with object.',
    );
    expect(refused([{ fields: [] }])).toContain('BELFRY_REDACTION.0.fields (environment) is empty');
    expect(refused([{}])).toContain('BELFRY_REDACTION.0.fields');
    expect(refused([{ fields: ['a'], events: 'a.b' }])).toContain('BELFRY_REDACTION.0.events');
    expect(refused([{ fields: ['a'], roles: ['hr'] }])).toContain('unknown field roles');
    expect(refusal({ BELFRY_REDACTION_DEFAULTS: 'perhaps' })).toContain('Expected on or off');
  });

  test('refuses an exception that could never hold, since the field is masked for everybody', () => {
    for (const field of ['Password', '*_token', 'object.spec.token']) {
      expect(refused([{ fields: [field], except: ['vault'] }])).toContain(
        `BELFRY_REDACTION.0.except comes too late for "${field}"`,
      );
    }
    expect(refused([{ fields: ['ssn'], except: ['hr'] }, { fields: ['s*n'] }])).toContain('"ssn"');
    const BELFRY_REDACTION = '[{"fields":["password"],"except":["vault"]}]';
    expect(() => loadConfig({ BELFRY_REDACTION, BELFRY_REDACTION_DEFAULTS: 'off' })).not.toThrow();
  });
});
