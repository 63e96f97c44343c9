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

  it('in the format that is named is read as that', () => {
    expect(parseEvent(canonical, 'native')).toEqual(canonical);
    expect(parseEvent(asDrp, 'drp')).toEqual(canonical);
  });

  it('in another format than the one that is named is refused', () => {
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
  ])('is refused when no dialect knows it: %j', (body) => {
    expect(() => parseEvent(body)).toThrow(expect.objectContaining({ code: 'event_invalid' }));
  });

  it.each(['belfry', 'websocket', 'connections', 'presence', 'tokens'])(
    'is refused for the type %s in every format',
    (type) => {
      const refused: unknown = expect.objectContaining({ code: 'type_reserved' });
      expect(() => parseEvent({ ...canonical, type })).toThrow(refused);
      expect(() => parseEvent({ ...asDrp, Type: type })).toThrow(refused);
      expect(() => parseEvent({ type: `${type}.create`, appId: 'a', payload: {} })).toThrow(refused);
      expect(() => parseEvent({ type: `${type}.create`, data: { name: 'a' } })).toThrow(refused);
    },
  );

  it.each(['connections', 'presence', 'tokens'])('of the type %s is read from the log', (type) => {
    expect(parseLogged({ ...canonical, type })).toEqual({ ...canonical, type });
  });

  it.each(['belfry', 'websocket'])('of the type %s is not even read from the log', (type) => {
    expect(() => parseLogged({ ...canonical, type })).toThrow(
      expect.objectContaining({ code: 'type_reserved' }),
    );
  });

  it('that has all fields of one format and some of another is in the first', () => {
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

  it('of norn may lack its payload', () => {
    const event = { type: 'deploy', action: 'step', key: 'a', object: {} };
    expect(parseEvent({ type: 'deploy.step', appId: 'a' })).toEqual(event);
  });

  it('of drp that has a field twice, in letters of different case, is refused', () => {
    expect(() => parseEvent({ ...asDrp, type: 'other' })).toThrow(/field type twice/);
  });

  it('that is half one format and half another is refused, not guessed at', () => {
    expect(() => parseEvent({ ...canonical, Object: {} })).toThrow(
      expect.objectContaining({ code: 'event_invalid' }),
    );
  });
});

describe('a path', () => {
  it('under its name belongs to each dialect on every listener', () => {
    for (const dialect of DIALECTS) {
      expect(dialectAt(`/${dialect.name}/ws`, 'metrics', DIALECTS)).toBe(dialect);
      expect(dialectAt(`/${dialect.name}/ws`, 'native', DIALECTS)).toBe(dialect);
      expect(dialectAt('/ws', dialect.name, DIALECTS)).toBe(dialect);
    }
  });

  it('of one system belongs to its dialect whatever the default', () => {
    expect(dialectAt('/api/v3/ws', 'native', DIALECTS)?.name).toBe('drp');
    expect(dialectAt('/api/v3/ws', 'metrics', DIALECTS)?.name).toBe('drp');
  });

  it('belongs to nobody otherwise', () => {
    for (const path of ['/', '/ws', '/ws/', '/native', '/native/ws/', '/NATIVE/ws', '/api/v3/ws/x']) {
      expect(dialectAt(path, 'metrics', DIALECTS)).toBeUndefined();
    }
  });

  it('belongs to one dialect only, whose names are all different', () => {
    const paths = DIALECTS.flatMap(({ name, entryPoints }) =>
      entryPoints.map(({ path }) => (path === '/ws' ? `/${name}/ws` : path)),
    );
    expect(new Set(paths).size).toBe(paths.length);
  });
});
