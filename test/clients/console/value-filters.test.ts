import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  passesAll,
  readFilter,
  splitFilters,
  writeFilter,
} from '../../../src/clients/console/src/live/value-filters.ts';

const filters = (...texts: string[]): NonNullable<ReturnType<typeof readFilter>>[] =>
  texts.flatMap((text) => readFilter(text) ?? []);

describe('a filter on a value', () => {
  it('is the same after it was written into a link and read', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const given = fc.record({
      path: fc.array(fc.string(), { minLength: 1, maxLength: 4 }).filter((path) => path.join('') !== ''),
      json: scalar.map((value) => JSON.stringify(value)),
      not: fc.boolean(),
    });
    fc.assert(
      fc.property(given, (filter) => {
        expect(readFilter(writeFilter(filter))).toEqual(filter);
      }),
    );
  });

  it('takes a value that is no JSON as a text', () => {
    expect(readFilter('object.status=Failed')).toEqual(readFilter('object.status="Failed"'));
  });

  it.each(['', 'object', '=1', '!=1'])('cannot be read from "%s"', (text) => {
    expect(readFilter(text)).toBeUndefined();
  });

  it.each([
    ['object.status="Failed"', '{"object":{"status":"Failed"}}', true],
    ['object.status="Failed"', '{"object":{"status":"F\\u0061iled"}}', true],
    ['object.status="Failed"', '{"object":{"status":"Running"}}', false],
    ['object.status="Failed"', '{"object":null}', false],
    ['object.status!="Failed"', '{"object":{"status":"Failed"}}', false],
    ['object.status!="Failed"', '{"object":{}}', true],
    ['object.n=12345678901234567890123', '{"object":{"n":12345678901234567890123}}', true],
    ['object.n=12345678901234567890123', '{"object":{"n":12345678901234567890124}}', false],
    ['object.n=1', '{"object":{"n":1.0}}', true],
    ['object.n=1', '{"object":{"n":"1"}}', false],
    ['object.list.1=true', '{"object":{"list":[false,true]}}', true],
    ['object.a\\1b=null', '{"object":{"a.b":null}}', true],
    ['object.a=2', '{"object":{"a":1,"a":2}}', true],
  ])('%s and the event %s: %s', (text, event, passes) => {
    expect(passesAll(filters(text), event)).toBe(passes);
  });

  it('is an alternative to another one on the same path, and must hold together with one on another path', () => {
    const both = filters('object.a=1', 'object.a=2', 'key="x"');
    expect(passesAll(both, '{"key":"x","object":{"a":2}}')).toBe(true);
    expect(passesAll(both, '{"key":"y","object":{"a":2}}')).toBe(false);
    expect(passesAll(both, '{"key":"x","object":{"a":3}}')).toBe(false);
  });

  it('is left to the hub where the hub can decide it', () => {
    const { hub, page } = splitFilters(
      filters(
        'object.a=1',
        'object.a=2',
        'key="x"',
        'type!="y"',
        'object.big=9007199254740993',
        'object.c\\1d=1',
      ),
    );
    expect(hub).toEqual({ 'object.a': [1, 2], key: ['x'] });
    expect(page.map(writeFilter)).toEqual(['type!="y"', 'object.big=9007199254740993', 'object.c\\1d=1']);
  });

  it('is decided by the page together with its alternatives, if one of these is', () => {
    expect(splitFilters(filters('object.a=1', 'object.a=9007199254740993')).hub).toBeUndefined();
  });
});
