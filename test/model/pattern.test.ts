import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/model/errors.ts';
import { escapeValue, EVERYTHING, Pattern } from '../../src/model/pattern.ts';
import { partsOf } from '../../src/model/pattern-parts.ts';
import { thrownBy } from '../support/thrown.ts';
import { runs } from '../support/runs.ts';

const of = (type: string, action: string, key: string) => ({ type, action, key });

/** Whether the pattern `values.x.x` matches a type. */
const matchesType = (values: string, type: string): boolean =>
  Pattern.parse(`${values}.x.x`).matches(of(type, 'x', 'x'));

describe('a pattern', () => {
  it('is one object for all who write the same text', () => {
    expect(Pattern.parse('shared.by.all')).toBe(Pattern.parse('shared.by.all'));
    expect(Pattern.parse('shared.by.all')).not.toBe(Pattern.parse('shared.by.*'));
  });

  it('is right beyond the number that is kept, and where it is too long to be kept', () => {
    for (let index = 0; index < 1_005; index++) {
      expect(Pattern.parse(`kept.${index}.x`).parts).toEqual([['kept'], [String(index)], ['x']]);
    }
    const long = `kept.${'l'.repeat(300)}.x`;
    expect(Pattern.parse(long)).not.toBe(Pattern.parse(long));
    expect(Pattern.parse(long).matches(of('kept', 'l'.repeat(300), 'x'))).toBe(true);
  });

  it.each([
    ['profiles.save.global', of('profiles', 'save', 'global'), true],
    ['profiles.save.global', of('profiles', 'save', 'Global'), false],
    ['profiles.save.global', of('profiles', 'update', 'global'), false],
    ['profiles.save.global', of('machines', 'save', 'global'), false],
    ['*.*.*', of('anything', 'at', 'all'), true],
    ['*.*.*', of('anything', 'at', ''), true],
    ['profiles.*.*', of('profiles', 'save', 'a.b.c'), true],
    ['profiles.save,update.*', of('profiles', 'update', 'x'), true],
    ['profiles.save,update.*', of('profiles', 'delete', 'x'), false],
    ['a.b.', of('a', 'b', ''), true],
    ['a.b.', of('a', 'b', 'c'), false],
  ])('%s against %o: %s', (pattern, event, matched) => {
    expect(Pattern.parse(pattern).matches(event)).toBe(matched);
  });

  it('is split at the first two dots, so that keys hold dots', () => {
    const pattern = Pattern.parse('logs.line.web-1.example.com');
    expect(pattern.parts).toEqual([['logs'], ['line'], ['web-1.example.com']]);
    expect(pattern.matches(of('logs', 'line', 'web-1.example.com'))).toBe(true);
    expect(pattern.matches(of('logs', 'line', 'web-1'))).toBe(false);
  });

  it('treats a star inside a list as the value *', () => {
    expect(matchesType('*,z', 'q')).toBe(false);
    expect(matchesType('*,z', '*')).toBe(true);
    expect(matchesType('*,z', 'z')).toBe(true);
  });

  it('treats only a lone star as any value', () => {
    expect(matchesType('*', 'q')).toBe(true);
    expect(matchesType('**', 'q')).toBe(false);
    expect(matchesType(' *', 'q')).toBe(false);
    expect(matchesType(' *', '*')).toBe(true);
  });

  it('reads \\1 as a dot, \\2 as a comma and \\3 as a star', () => {
    expect(matchesType('x, a\\1b', 'a.b')).toBe(true);
    expect(matchesType('x, a\\1b', 'a\\1b')).toBe(false);
    expect(matchesType('a\\2b', 'a,b')).toBe(true);
    expect(matchesType('a\\2b', 'a')).toBe(false);
    expect(matchesType('\\3', '*')).toBe(true);
    expect(matchesType('\\3', 'q')).toBe(false);
  });

  it('leaves every other backslash as it is', () => {
    expect(matchesType('a\\4b\\', 'a\\4b\\')).toBe(true);
    expect(matchesType('\\\\1', '\\.')).toBe(true);
  });

  it('trims spaces around the values of a list', () => {
    expect(matchesType(' x ,  y', 'x')).toBe(true);
    expect(matchesType(' x ,  y', 'y')).toBe(true);
    expect(matchesType('x y', 'x y')).toBe(true);
  });

  it('keeps the text as it was written', () => {
    expect(Pattern.parse(' b,a .x.').text).toBe(' b,a .x.');
  });

  it.each(['', 'a', 'a.b', '*', '*.*', '.b.c', 'a..c', '..', ' .b.c', 'a. .c'])('is not %j', (text) => {
    expect(() => Pattern.parse(text)).toThrow(ProtocolError);
    expect(() => Pattern.parse(text)).toThrow(expect.objectContaining({ code: 'pattern_invalid' }));
  });

  it('is quoted in an error only by its beginning', () => {
    expect(() => Pattern.parse('x'.repeat(10_000))).toThrow(/^.{0,300}$/s);
  });

  it('throws nothing but ProtocolError, whatever the text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[.,*\\123 a]{0,12}$/));
    fc.assert(
      fc.property(text, (given) => {
        const error = thrownBy(() => Pattern.parse(given));
        expect(error === undefined || error instanceof ProtocolError).toBe(true);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('is read by the hub as by its clients, plain or not', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[ -~]{1,4}\.[ -~]{1,4}\.[ -~]{1,6}$/),
      fc.stringMatching(/^[a\ud800é]{1,2}\.[+\-/[\]^]{1,2}\.[.a\-\]]{1,4}$/),
    );
    fc.assert(
      fc.property(text, (given) => {
        const read = partsOf(given);
        fc.pre(typeof read !== 'string');
        expect(Pattern.parse(given)).toMatchObject({ text: given, parts: read });
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('that matches nothing keeps its text, and has no topics', () => {
    const pattern = Pattern.nothing('a.b');
    expect(pattern.text).toBe('a.b');
    expect(pattern.size).toBe(0);
    expect(pattern.matches(of('a', 'b', ''))).toBe(false);
    expect(pattern.overlaps(EVERYTHING)).toBe(false);
    expect(EVERYTHING.overlaps(pattern)).toBe(false);
  });
});

/**
 * What can stand in a pattern as text: DRP's grammar has no escape for the backslash, and trims values. So a value that
 * begins or ends with a space, or holds `\1`, `\2` or `\3`, can be matched by a pattern made of values, but not by its
 * text; and the text of a pattern needs a type and an action that are not empty.
 */
const value = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.stringMatching(/^[.,*\\4 a]{1,6}$/),
    fc.constantFrom('*', '.', ',', '\\', '..', 'a.b', 'a,b', '__proto__', 'constructor'),
  )
  .filter((text) => text.trim() === text && !/\\[123]/.test(text));
const key = fc.oneof(value, fc.constant(''));

describe('a pattern of exact values', () => {
  it('matches these values and no others', () => {
    fc.assert(
      fc.property(
        value,
        value,
        key,
        fc.record({ type: value, action: value, key }),
        (type, action, name, other) => {
          const pattern = Pattern.of(type, action, name);
          expect(pattern.matches({ type, action, key: name })).toBe(true);
          expect(pattern.matches(other)).toBe(
            other.type === type && other.action === action && other.key === name,
          );
          expect(pattern.matches({ type: `${type}!`, action, key: name })).toBe(false);
        },
      ),
    );
  });

  it('has a text that parses to the same matcher', () => {
    const optional = fc.option(value, { nil: undefined });
    fc.assert(
      fc.property(optional, optional, fc.option(key, { nil: undefined }), (type, action, name) => {
        const made = Pattern.of(type, action, name);
        expect(Pattern.parse(made.text).parts).toEqual(made.parts);
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('matches a value with spaces around it or an escape in it, which its text cannot express', () => {
    for (const odd of [' a', 'a ', 'a\\1b']) {
      const made = Pattern.of(odd, 'x', 'x');
      expect(made.matches(of(odd, 'x', 'x'))).toBe(true);
      expect(Pattern.parse(made.text).matches(of(odd, 'x', 'x'))).toBe(false);
    }
  });

  it('matches any value where none is given', () => {
    expect(Pattern.of().text).toBe('*.*.*');
    expect(Pattern.of('a', undefined, 'b.c').text).toBe('a.*.b\\1c');
    expect(escapeValue('a.b,c*')).toBe('a\\1b\\2c\\3');
  });
});

/** Parts over three values; `other` stands for every value that no pattern names. */
const UNIVERSE = ['a', 'b', 'c', 'other'];
const part = fc.oneof(
  { weight: 1, arbitrary: fc.constant('*') },
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map(String),
  },
);
const lists = (text: string, named: string): boolean => text === '*' || text.split(',').includes(named);
const pattern = fc.tuple(part, part, part).map((parts) => Pattern.parse(parts.join('.')));
const EVENTS = UNIVERSE.flatMap((type) =>
  UNIVERSE.flatMap((action) => UNIVERSE.map((name) => of(type, action, name))),
);

describe('patterns over a small alphabet', () => {
  it('overlap exactly when some event matches both', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, two) => {
        const both = EVENTS.some((event) => one.matches(event) && two.matches(event));
        expect(one.overlaps(two)).toBe(both);
        expect(two.overlaps(one)).toBe(both);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('have the size of the number of their topics, where a star counts as one', () => {
    fc.assert(
      fc.property(pattern, (one) => {
        const star = (name: string, at: number): string => (one.parts?.[at] === '*' ? '*' : name);
        const topics = EVENTS.filter((event) => one.matches(event)).map(
          (event) => `${star(event.type, 0)}.${star(event.action, 1)}.${star(event.key, 2)}`,
        );
        expect(one.size).toBe(new Set(topics).size);
      }),
    );
  });

  it('match an event exactly when each part is a star or lists its value', () => {
    fc.assert(
      fc.property(part, part, part, fc.constantFrom(...EVENTS), (type, action, name, event) => {
        expect(Pattern.parse(`${type}.${action}.${name}`).matches(event)).toBe(
          lists(type, event.type) && lists(action, event.action) && lists(name, event.key),
        );
      }),
      { numRuns: runs(1_000) },
    );
  });
});
