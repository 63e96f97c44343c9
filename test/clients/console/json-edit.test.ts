import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  indented,
  withItem,
  withoutItem,
  withoutValue,
  withValue,
} from '../../../src/clients/console/src/json/json-edit.ts';
import { parseJson } from '../../../src/clients/console/src/json/json-tree.ts';

const EXACT = '{ "b":12345678901234567890123,\n\t"a" : 1.0, "c":[1e400,-0], "a":0.10 }';

const set = (text: string, path: readonly string[], json: string, order: readonly string[] = []): string =>
  withValue(text, parseJson(text), path, json, { order });
const cut = (text: string, path: readonly string[]): string => withoutValue(text, parseJson(text), path);

/** JSON of an object with any spaces between its parts, and with numbers that JavaScript would change. */
const space = fc.constantFrom('', ' ', '\n', '\n  ', '\t');
const scalar = fc.oneof(
  fc.constantFrom(
    '1.0',
    '1e400',
    '-0',
    '12345678901234567890123',
    'true',
    'null',
    '{}',
    '[ ]',
    '[1, {"x":2}]',
  ),
  fc
    .string({ unit: 'binary' })
    .filter((text) => text.isWellFormed())
    .map((text) => JSON.stringify(text)),
);
const name = fc.oneof(fc.constantFrom('type', 'action', 'key', 'a"b', '\\', ''), fc.string({ maxLength: 4 }));
const isPlainName = (text: string): boolean => text !== '__proto__';
const object = fc
  .array(fc.tuple(name.filter(isPlainName), scalar, space, space, space, space), { maxLength: 6 })
  .map((fields) => {
    const texts = fields.map(
      ([field, value, a, b, c, d]) => `${a}${JSON.stringify(field)}${b}:${c}${value}${d}`,
    );
    return `{${texts.join()}}`;
  });

/** The fields with the texts of their values, in their order. */
const membersOf = (text: string): [string, string][] =>
  parseJson(text).members.map(({ name: field, value }) => [field, value.text]);

describe('a change in a text of JSON', () => {
  it('leaves all digits, spaces and names that stand twice as they were', () => {
    expect(set(EXACT, ['b'], '2')).toBe('{ "b":2,\n\t"a" : 1.0, "c":[1e400,-0], "a":0.10 }');
  });

  it('changes the last of two fields with one name, which is the one that the hub reads', () => {
    expect(set('{"a":1,"a":2}', ['a'], '3')).toBe('{"a":1,"a":3}');
  });

  it('puts a new field after those that usually stand before it, in the style of the text', () => {
    const order = ['type', 'action', 'key'];
    expect(set('{\n  "type": "a",\n  "key": "k"\n}', ['action'], '"b"', order)).toBe(
      '{\n  "type": "a",\n  "action": "b",\n  "key": "k"\n}',
    );
    expect(set('{"key":"k"}', ['type'], '"t"', order)).toBe('{"type":"t", "key":"k"}');
    expect(set('{"key":"k","x":1}', ['type'], '"t"', order)).toBe('{"type":"t","key":"k","x":1}');
    expect(set('{}', ['type'], '"t"', order)).toBe('{"type": "t"}');
  });

  it('makes the objects on the way to a field', () => {
    expect(set('{"type":"cluster.added"}', ['data', 'name'], '"a"')).toBe(
      '{"type":"cluster.added", "data":{"name": "a"}}',
    );
    expect(set('{"data":{"name":"a","n":1.0}}', ['data', 'name'], '"b"')).toBe(
      '{"data":{"name":"b","n":1.0}}',
    );
  });

  it('removes a field wherever it stands, with its comma', () => {
    expect(cut('{"a":1, "b":2, "c":3}', ['a'])).toBe('{"b":2, "c":3}');
    expect(cut('{"a":1, "b":2, "c":3}', ['b'])).toBe('{"a":1, "c":3}');
    expect(cut('{"a":1, "b":2, "c":3}', ['c'])).toBe('{"a":1, "b":2}');
    expect(cut('{ "a":1, "a":2 }', ['a'])).toBe('{}');
    expect(cut('{"b":1,"a":2,"a":3}', ['a'])).toBe('{"b":1}');
    expect(cut('{"data":{"name":1}}', ['data', 'name'])).toBe('{"data":{}}');
  });

  it('makes a list of an event and one more, and keeps the text of each', () => {
    const two = withItem(EXACT, parseJson(EXACT), '{"x":2.0}');
    expect(parseJson(two).items.map(({ text }) => text)).toEqual([EXACT, '{"x":2.0}']);
    const three = withItem(two, parseJson(two), '3');
    expect(parseJson(three).items.map(({ text }) => text)).toEqual([EXACT, '{"x":2.0}', '3']);
    for (const index of [0, 1, 2]) {
      const left = parseJson(withoutItem(three, parseJson(three), index)).items.map(({ text }) => text);
      expect(left).toEqual([EXACT, '{"x":2.0}', '3'].toSpliced(index, 1));
    }
    expect(withoutItem('[1]', parseJson('[1]'), 0)).toBe('[]');
    expect(withItem('[]', parseJson('[]'), '1')).toBe('[\n1\n]');
  });

  it('sets one field of any object and no other', () => {
    fc.assert(
      fc.property(object, name.filter(isPlainName), scalar, (text, field, json) => {
        const before = membersOf(text);
        const after = membersOf(set(text, [field], json, ['type', 'action', 'key']));
        const at = before.findLastIndex(([each]) => each === field);
        const added = after.findIndex(([each]) => each === field);
        const expected = at < 0 ? before.toSpliced(added, 0, [field, json]) : before.with(at, [field, json]);
        expect(after).toEqual(expected);
      }),
    );
  });

  it('removes one field of any object and no other', () => {
    fc.assert(
      fc.property(object, name.filter(isPlainName), (text, field) => {
        expect(membersOf(cut(text, [field]))).toEqual(membersOf(text).filter(([each]) => each !== field));
      }),
    );
  });
});

describe('an indented text', () => {
  it('has each field on its own line, and every digit', () => {
    expect(indented('{"a":1.0,"b":[],"c":{"d":[1e400]}}')).toBe(
      '{\n  "a": 1.0,\n  "b": [],\n  "c": {\n    "d": [\n      1e400\n    ]\n  }\n}',
    );
  });

  it('has the same values as before', () => {
    fc.assert(
      fc.property(object, (text) => {
        expect(JSON.parse(indented(text))).toEqual(JSON.parse(text));
        expect(indented(indented(text))).toBe(indented(text));
      }),
    );
  });
});
