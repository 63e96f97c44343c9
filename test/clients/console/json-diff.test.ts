import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffJson } from '../../../src/clients/console/src/inspector/json-diff.ts';
import { valueAt } from '../../../src/clients/console/src/json/json-path.ts';
import { validJson } from '../../../src/clients/console/src/json/json-tree.ts';

/** Each change as a line: its path, what was, what is. */
function changes(before: string, after: string, max = 100): string[] {
  return diffJson(validJson(before), validJson(after), max).map(({ path, before: old, after: now }) =>
    [path.join('.'), old === undefined ? '-' : old.text, now === undefined ? '-' : now.text].join(' '),
  );
}

describe('the difference of two events', () => {
  it.each([
    ['{"a":1,"b":2}', '{"b":2,"a":1}', []],
    ['{"a":1}', '{"a":2,"b":3}', ['a 1 2', 'b - 3']],
    ['{"a":1,"b":[1,{"c":"x"}]}', '{"b":[1,{"c":"y"},3]}', ['b.1.c "x" "y"', 'b.2 - 3', 'a 1 -']],
    [
      '{"n":12345678901234567890123}',
      '{"n":12345678901234567890124}',
      ['n 12345678901234567890123 12345678901234567890124'],
    ],
    ['{"n":1}', '{"n":1.0}', ['n 1 1.0']],
    ['{"s":"a"}', '{"s":"\\u0061"}', []],
    ['{"v":{}}', '{"v":[]}', ['v {} []']],
    ['null', '{"a":1}', [' null {"a":1}']],
    ['{"a":{"b":1,"b":2}}', '{"a":{"b":2}}', []],
    ['{"a" : 1}', '{"a":1}', []],
  ])('between %s and %s is %j', (before, after, expected) => {
    expect(changes(before, after)).toEqual(expected);
  });

  it('has as many changes as wanted, and no more', () => {
    expect(changes('[1,2,3,4]', '[5,6,7,8]', 2)).toEqual(['0 1 5', '1 2 6']);
  });

  it('is empty for equal values, and leads to the values on both sides for any others', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (before, after) => {
        expect(changes(before, before)).toEqual([]);
        for (const change of diffJson(validJson(before), validJson(after), 1_000)) {
          const [old, now] = [
            valueAt(validJson(before), change.path),
            valueAt(validJson(after), change.path),
          ];
          expect(old?.text).toBe(change.before?.text);
          expect(now?.text).toBe(change.after?.text);
        }
      }),
    );
  });
});
