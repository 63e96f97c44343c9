import { describe, expect, it } from 'vitest';
import { dialectAt, DIALECTS, isDialectName, parseEvent } from '../../src/dialects/index.ts';

const canonical = { type: 'profiles', action: 'save', key: 'global', object: { a: 1 } };
const asDrp = { Type: 'profiles', Action: 'save', Key: 'global', Object: { a: 1 } };

describe('a published event', () => {
  it('is recognised by its fields', () => {
    expect(parseEvent(canonical)).toEqual(canonical);
    expect(parseEvent(asDrp)).toEqual(canonical);
  });

  it('in the spelling that is named is read as that', () => {
    expect(parseEvent(canonical, 'native')).toEqual(canonical);
    expect(parseEvent(asDrp, 'drp')).toEqual(canonical);
  });

  it('in another spelling than the one that is named is refused', () => {
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

  it('is refused for its reserved type in every spelling', () => {
    const refused: unknown = expect.objectContaining({ code: 'type_reserved' });
    expect(() => parseEvent({ ...canonical, type: 'belfry' })).toThrow(refused);
    expect(() => parseEvent({ ...asDrp, Type: 'websocket' })).toThrow(refused);
  });

  it('that is half one spelling and half another is refused, not guessed at', () => {
    expect(() => parseEvent({ ...canonical, Object: {} })).toThrow(
      expect.objectContaining({ code: 'event_invalid' }),
    );
  });
});

describe('a path', () => {
  it('under its name belongs to each dialect on every listener', () => {
    for (const { dialect } of DIALECTS) {
      expect(dialectAt(`/${dialect.name}/ws`, undefined)).toBe(dialect);
      expect(dialectAt(`/${dialect.name}/ws`, 'native')).toBe(dialect);
      expect(dialectAt('/ws', dialect.name)).toBe(dialect);
    }
  });

  it('of one system belongs to its dialect whatever the default', () => {
    expect(dialectAt('/api/v3/ws', 'native')?.name).toBe('drp');
    expect(dialectAt('/api/v3/ws', undefined)?.name).toBe('drp');
  });

  it('belongs to nobody otherwise', () => {
    for (const path of ['/', '/ws', '/ws/', '/native', '/native/ws/', '/NATIVE/ws', '/api/v3/ws/x']) {
      expect(dialectAt(path, undefined)).toBeUndefined();
    }
  });

  it('belongs to one dialect only, whose names are all different', () => {
    const paths = DIALECTS.flatMap(({ dialect, paths: own }) => own.concat(`/${dialect.name}/ws`));
    expect(new Set(paths).size).toBe(paths.length);
  });
});

describe('the name of a dialect', () => {
  it('is one of the list', () => {
    expect(isDialectName('native')).toBe(true);
    expect(isDialectName('drp')).toBe(true);
    for (const name of ['', 'DRP', 'constructor', 'norn2']) expect(isDialectName(name)).toBe(false);
  });
});
