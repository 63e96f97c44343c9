import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../src/model/exact-number.ts';
import { parseJson, readJson, textOf, withField, type ObjectValue } from '../../src/model/json.ts';
import { itemsOf, skipValue } from '../../src/model/json-walk.ts';
import { thrownBy } from '../support/thrown.ts';
import { runs } from '../support/runs.ts';

/** An arbitrary for JSON in every form in which it can be written. */
const written = fc.letrec<{ value: string; space: string; string: string; number: string }>((tie) => ({
  space: fc.constantFrom('', '', ' ', '\t', '\n  ', '\r\n'),
  string: fc
    .array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
        fc.constantFrom('\\u00e9', '\\/', '\\\\', '\\"', '\\ud83d\\ude00', '{', ']', ',', ':'),
      ),
      { maxLength: 3 },
    )
    .map((parts) => `"${parts.join('')}"`),
  number: fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/),
  value: fc.oneof(
    { maxDepth: 4 },
    tie('number'),
    tie('string'),
    fc.constantFrom('null', 'true', 'false', '[]', '{}', '[ ]'),
    fc
      .tuple(tie('space'), fc.array(tie('value'), { maxLength: 3 }))
      .map(([s, items]) => `[${items.join(`${s},${s}`)}${s}]`),
    fc
      .tuple(tie('space'), fc.array(fc.tuple(tie('string'), tie('value')), { maxLength: 3 }))
      .map(
        ([s, fields]) => `{${s}${fields.map(([name, value]) => `${name}${s}:${s}${value}`).join(`,${s}`)}}`,
      ),
  ),
})).value;

describe('the text of JSON', () => {
  it('stays to the letter, except for line breaks between values', () => {
    fc.assert(
      fc.property(written, (text) => {
        fc.pre(!text.includes('__proto__'));
        const read = readJson(Buffer.from(` ${text}\n`));
        expect(read.text).toBe(text.replaceAll(/[\n\r]\s*/g, ''));
        expect(textOf(read)).toBe(read.text);
        expect(JSON.parse(read.text)).toEqual(JSON.parse(text));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('is accepted or refused as by JSON.parse, whatever is changed in it', () => {
    const bits = ['"', '\\', '\\u', '{', '}', '[', ']', ',', ':', '.', '-', '0', '1e5', ' ', '\t', '\0', '\x01', '\x7f', 'é', 'null', 'nul', 'NaN', '+']; // prettier-ignore
    const edit = fc.record({ at: fc.nat(200), cut: fc.nat(2), put: fc.constantFrom('', ...bits) });
    // Long texts are scanned from quote to quote.
    const filler = fc.constantFrom('', ' '.repeat(1_100));
    fc.assert(
      fc.property(written, fc.array(edit, { maxLength: 2 }), filler, (json, edits, space) => {
        const text = edits.reduce((given, { at, cut, put }) => {
          const start = at % (given.length + 1);
          return given.slice(0, start) + put + given.slice(start + cut);
        }, json);
        fc.pre(text.isWellFormed() && !/proto|\\u[dD][89a-fA-F]/.test(text));
        const isJson = thrownBy(() => JSON.parse(text)) === undefined;
        expect([text, thrownBy(() => readJson(space + text)) === undefined]).toEqual([text, isJson]);
      }),
      { numRuns: runs(5_000) },
    );
  });

  it.each([
    ['"\\ud800"', 'half of a surrogate pair'],
    ['{"\\udc00":1}', 'half of a surrogate pair'],
    ['["\\ud83d\\u0041"]', 'half of a surrogate pair'],
    ['[1.]', '"]" stands at position 3 where a digit was expected'],
    ['[01]', 'no zero before a digit'],
    ['[1,]', '"]" stands at position 3 where a value was expected'],
    ['{"a" 1}', '"1" stands at position 5 where ":" was expected'],
    ['{"a":1', 'the end stands at position 6 where "," or "}" was expected'],
    ['"a', 'the end stands at position 2 where the end of a string was expected'],
    ['[1] x', '"x" stands at position 4 where the end was expected'],
    ['tru', '"t" stands at position 0 where true was expected'],
  ])('is refused with a sentence where it is none, or cannot be kept: %s', (text, why) => {
    expect(() => readJson(text)).toThrow(`Not usable as JSON: `);
    expect(() => readJson(text)).toThrow(why);
    expect(() => parseJson(text)).toThrow(why);
  });

  it('is parsed with every number as it was written, and with the last of fields with one name', () => {
    const { value } = readJson('{"a":1,"b":[1.0,-0,1e400,0.1,1e21,123456789012345678],"a":9007199254740993}');
    expect(value).toEqual({
      a: new ExactNumber('9007199254740993'),
      b: [new ExactNumber('1.0'), new ExactNumber('-0'), new ExactNumber('1e400'), 0.1, new ExactNumber('1e21'), new ExactNumber('123456789012345678')], // prettier-ignore
    });
    expect(JSON.stringify(value)).toBe(
      '{"a":9007199254740993,"b":[1.0,-0,1e400,0.1,1e21,123456789012345678]}',
    );
  });

  it('is parsed once, and its numbers come out as they went in', () => {
    fc.assert(
      fc.property(written, (text) => {
        fc.pre(!text.includes('__proto__'));
        const numbers = /(?<=[[:,\s]|^)-?\d[\d.eE+-]*/g;
        const bare = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll('"":', '"x":');
        fc.pre(!bare.includes('{'));
        const read = readJson(bare);
        expect(read.value).toBe(read.value);
        expect(JSON.stringify(read.value).match(numbers)).toEqual(bare.match(numbers));
      }),
    );
  });

  it('can be walked through field by field', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 5 }), (items) => {
        fc.pre(!items.join('').includes('__proto__'));
        const { text } = readJson(`[${items.join(' , ')}]`);
        const parts = itemsOf(text, 3);
        expect(parts).toEqual(items.slice(0, 3).map((item) => readJson(item).text));
        expect(skipValue(text, 0)).toBe(text.length);
      }),
    );
  });
});

describe('a field of an object', () => {
  const add = (object: ObjectValue): string => textOf(withField(object, 'traceparent', '00-1'));

  it.each([
    ['{}', '{"traceparent":"00-1"}'],
    ['{ "n" : 1.0 , "10":2,"9":3 }', '{"n" : 1.0,"10":2,"9":3,"traceparent":"00-1"}'],
    ['{"traceparent":"old","n":1e400}', '{"traceparent":"00-1","n":1e400}'],
    ['{"\\u0074raceparent":1,"traceparent":2}', '{"traceparent":"00-1"}'],
  ])('is put into %s, and all else stays as it was written', (object, with_) => {
    expect(add(readJson(object))).toBe(with_);
  });

  it('is added to an object that the hub has made', () => {
    expect(add({ a: 1 })).toBe('{"a":1,"traceparent":"00-1"}');
  });
});
