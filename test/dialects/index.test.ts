import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { dialectAt } from '../../src/dialects/paths.ts';
import { parseEvent, parseLogged } from '../support/formats.ts';

const canonical = { type: 'profiles', action: 'save', key: 'global', object: { a: 1 } };
const asDrp = { Type: 'profiles', Action: 'save', Key: 'global', Object: { a: 1 } };

describe('a published event', () => {
  it('is recognised by its fields', () => {
    expect(parseEvent(canonical)).toEqual(canonical);
    expect(parseEvent(asDrp)).toEqual(canonical);
  });

  it('is read in the format that the publisher names', () => {
    expect(parseEvent(canonical, 'native')).toEqual(canonical);
    expect(parseEvent(asDrp, 'drp')).toEqual(canonical);
  });

  it('is refused when it is not in the format that the publisher names', () => {
    const refused: unknown = expect.objectContaining({ name: 'ProtocolError', code: 'event_invalid' });
    expect(() => parseEvent(canonical, 'drp')).toThrow(refused);
    expect(() => parseEvent(asDrp, 'native')).toThrow(refused);
    expect(() => parseEvent(asDrp, 'native')).toThrow('in native');
  });

  it.each([
    null,
    1,
    'profiles.save.global',
    [],
    [canonical],
    {},
    { type: 'profiles' },
    { action: 'save' },
    { event: canonical },
  ])('is refused when no dialect knows its format: %j', (body) => {
    expect(() => parseEvent(body)).toThrow(expect.objectContaining({ code: 'event_invalid' }));
  });

  it.each(['belfry', 'websocket', 'connections', 'presence', 'tokens', 'interest'])(
    'is refused for the type %s in every format',
    (type) => {
      const refused: unknown = expect.objectContaining({ code: 'type_reserved' });
      expect(() => parseEvent({ ...canonical, type })).toThrow(refused);
      expect(() => parseEvent({ ...asDrp, Type: type })).toThrow(refused);
      expect(() => parseEvent({ type: `${type}.create`, appId: 'a', payload: {} })).toThrow(refused);
      expect(() => parseEvent({ type: `${type}.create`, data: { name: 'a' } })).toThrow(refused);
    },
  );

  it.each(['connections', 'presence', 'tokens', 'interest'])(
    'is read from the log when its type is %s',
    (type) => {
      expect(parseLogged({ ...canonical, type })).toEqual({ ...canonical, type });
    },
  );

  it.each(['belfry', 'websocket'])('is not read from the log when its type is %s', (type) => {
    expect(() => parseLogged({ ...canonical, type })).toThrow(
      expect.objectContaining({ code: 'type_reserved' }),
    );
  });

  it('is read in the more certain format when it has all fields of one and some of another', () => {
    expect(parseEvent({ type: 'cluster.added', appId: 'a', data: { name: 'p' } })).toEqual({
      type: 'cluster',
      action: 'added',
      key: 'p',
      object: { name: 'p' },
    });
    expect(parseEvent({ type: 'deploy.step', appId: 'a', payload: {}, data: { name: 'p' } })).toMatchObject({
      key: 'a',
    });
  });

  it('may lack its payload in the norn format', () => {
    const event = { type: 'deploy', action: 'step', key: 'a', object: {} };
    expect(parseEvent({ type: 'deploy.step', appId: 'a' })).toEqual(event);
  });

  it('is refused in the drp format when it has a field twice, in letters of different case', () => {
    expect(() => parseEvent({ ...asDrp, type: 'other' })).toThrow(/field type twice/);
  });

  it('is refused, not guessed at, when it has half the fields of two formats', () => {
    expect(() => parseEvent({ ...canonical, Object: {} })).toThrow(
      expect.objectContaining({ code: 'event_invalid' }),
    );
  });
});

describe('a path', () => {
  it('belongs to its dialect on every listener when it begins with the name of the dialect', () => {
    for (const dialect of DIALECTS) {
      expect(dialectAt(`/${dialect.name}/ws`, 'metrics', DIALECTS)).toBe(dialect);
      expect(dialectAt(`/${dialect.name}/ws`, 'native', DIALECTS)).toBe(dialect);
      expect(dialectAt('/ws', dialect.name, DIALECTS)).toBe(dialect);
    }
  });

  it('belongs to the dialect of its system on every listener when only one system has it', () => {
    expect(dialectAt('/api/v3/ws', 'native', DIALECTS)?.name).toBe('drp');
    expect(dialectAt('/api/v3/ws', 'metrics', DIALECTS)?.name).toBe('drp');
  });

  it('belongs to no dialect in all other cases', () => {
    for (const path of ['/', '/ws', '/ws/', '/native', '/native/ws/', '/NATIVE/ws', '/api/v3/ws/x']) {
      expect(dialectAt(path, 'metrics', DIALECTS)).toBeUndefined();
    }
  });

  it('belongs to one dialect only, and all dialects have different names', () => {
    const paths = DIALECTS.flatMap(({ name, entryPoints }) =>
      entryPoints.map(({ path }) => (path === '/ws' ? `/${name}/ws` : path)),
    );
    expect(new Set(paths).size).toBe(paths.length);
  });
});
