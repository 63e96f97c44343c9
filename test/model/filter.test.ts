import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { parseFilters, passes } from '../../src/model/filter.ts';
import { readJson } from '../../src/model/json.ts';
import { runs } from '../support/runs.ts';
import { cpuMsOf } from '../support/cpu.ts';

const event: NewEvent = {
  type: 'containers',
  action: 'update',
  key: 'web-1',
  principal: 'user:ada',
  object: {
    status: 'Running',
    replicas: 3,
    ready: true,
    node: null,
    labels: { app: 'web' },
    ports: [80, 443],
  },
  original: { status: 'Pending' },
};

const pass = (fields: unknown): boolean => parseFilters(fields).every((filter) => passes(filter, event));

describe('filters', () => {
  it.each([
    [{ 'object.status': 'Running' }, true],
    [{ 'object.status': 'Failed' }, false],
    [{ 'object.status': ['Failed', 'Running'] }, true],
    [{ 'object.status': 'running' }, false],
    [{ 'original.status': 'Pending' }, true],
    [{ 'object.replicas': 3 }, true],
    [{ 'object.replicas': '3' }, false],
    [{ 'object.ready': true }, true],
    [{ 'object.node': null }, true],
    [{ 'object.missing': null }, false],
    [{ 'object.labels.app': 'web' }, true],
    [{ 'object.labels': 'web' }, false],
    [{ 'object.ports.1': 443 }, true],
    [{ 'object.status.length': 7 }, false],
    [{ key: ['web-1', 'web-2'] }, true],
    [{ type: 'containers', action: 'update', principal: 'user:ada' }, true],
    [{ type: 'containers', action: 'delete' }, false],
    [{ 'object.constructor': null }, false],
    [{ 'object.__proto__': null }, false],
    [{}, true],
  ])('%o: %s', (fields, passed) => {
    expect(pass(fields)).toBe(passed);
  });

  it('use the first path that leads to a value', () => {
    const either = {
      text: '',
      paths: [['object', 'missing'], ['object', 'status'], ['key']],
      values: new Set(['web-1']),
    };
    expect(passes(either, event)).toBe(false);
    expect(passes({ ...either, values: new Set(['Running']) }, event)).toBe(true);
    expect(passes({ ...either, paths: [['metadata', 'x']] }, event)).toBe(false);
    expect(passes({ ...either, paths: [['object', 'constructor'], ['key']] }, event)).toBe(true);
  });

  it.each([
    ['unn', true],
    ['RUNNING', true],
    ['', true],
    ['run ', false],
  ])('find %o in a text, upper and lower case alike: %s', (contains, passed) => {
    expect(passes({ text: '', paths: [['object', 'status']], contains }, event)).toBe(passed);
  });

  it('search for text only in texts', () => {
    for (const path of [['object', 'replicas'], ['object', 'labels'], ['object', 'ports'], ['metadata']]) {
      expect(passes({ text: '', paths: [path], contains: '' }, event)).toBe(false);
    }
  });

  it.each([
    [undefined, 'not an object'],
    [null, 'not an object'],
    ['status', 'not an object'],
    [['status'], 'not an object'],
    [{ '': 1 }, 'path is empty'],
    [{ status: [] }, 'is empty'],
    [{ status: {} }, 'an object or a list'],
    [{ status: [[1]] }, 'an object or a list'],
    [{ status: [1, {}] }, 'an object or a list'],
  ])('are not %o: %s', (fields, why) => {
    expect(() => parseFilters(fields)).toThrow(
      expect.objectContaining({ name: 'ProtocolError', code: 'filter_invalid' }),
    );
    expect(() => parseFilters(fields)).toThrow(why);
  });

  it.each(['size', 'previous', 'trace', 'size.x', 'labels', 'constructor', 'toString'])(
    'refuse a field that events do not have: %s',
    (path) => {
      expect(() => parseFilters({ [path]: 1 })).toThrow('is no field of an event');
    },
  );

  it('are limited to 50 in one command, to 1,000 values each, and to paths as long as events are deep', () => {
    const many = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`object.n${n}`, n]));
    expect(parseFilters(many(50))).toHaveLength(50);
    expect(() => parseFilters(many(51))).toThrow('there are more than 50');
    const values = (count: number): object => ({ key: Array.from({ length: count }, String) });
    expect(parseFilters(values(1_000))).toHaveLength(1);
    expect(() => parseFilters(values(1_001))).toThrow('"key" has more than 1000 values');
    expect(parseFilters({ [`object${'.a'.repeat(64)}`]: 1 })).toHaveLength(1);
    expect(() => parseFilters({ [`object${'.a'.repeat(500_000)}`]: 1 })).toThrow(
      'longer than any event is deep',
    );
  });

  it('look into values that are still text, but not into the fields of the text object', () => {
    const object = readJson('{"n":9007199254740993,"list":[1,1.0],"n.x":1}');
    const fields = (text: string): boolean => {
      const filters = parseFilters(readJson(text).value);
      return filters.every((filter) => passes(filter, { ...event, object }));
    };
    expect(fields('{"object.n":9007199254740993,"object.list.1":1}')).toBe(true);
    expect(fields('{"object.n":9007199254740992}')).toBe(false);
    for (const path of ['text', 'value', 'n.source', 'list.length']) {
      for (const wanted of ['"9007199254740993"', '2', 'null', '""'])
        expect(fields(`{"object.${path}":${wanted}}`)).toBe(false);
    }
  });

  it('compare numbers by value, however they are written', () => {
    const number = fc.record({
      sign: fc.constantFrom('', '-'),
      whole: fc.stringMatching(/^[1-9]\d{0,20}$/),
      fraction: fc.stringMatching(/^\d{0,20}$/),
      exponent: fc.integer({ min: -30, max: 30 }),
    });
    type Parts = typeof number extends fc.Arbitrary<infer T> ? T : never;
    const text = ({ sign, whole, fraction, exponent }: Parts): string =>
      `${sign}${whole}${fraction && `.${fraction}`}e${exponent}`;
    const shifted = ({ sign, whole, fraction, exponent }: Parts): string =>
      `${sign}${whole}${fraction}E${exponent - fraction.length}`;
    // The number in units of 10⁻⁶⁰, which is exact for the numbers in this test.
    const exact = ({ sign, whole, fraction, exponent }: Parts): bigint =>
      BigInt(`${sign}${whole}${fraction}`) * 10n ** BigInt(60 + exponent - fraction.length);
    fc.assert(
      fc.property(number, number, (one, two) => {
        const filters = parseFilters(readJson(`{"object":${text(one)}}`).value);
        const said = (object: string): boolean =>
          filters.every((filter) => passes(filter, { ...event, object: readJson(object) }));
        expect([said(text(one)), said(shifted(one))]).toEqual([true, true]);
        expect(said(text(two))).toBe(exact(one) === exact(two));
      }),
      { numRuns: runs(2_000) },
    );
    for (const zero of ['0', '-0', '0.0', '-0e5', '0e-99999999999999999999'])
      expect(parseFilters({ object: 0 }).every((filter) => passes(filter, { ...event, object: readJson(zero) }))).toBe(true); // prettier-ignore
  });

  it('cost no more for a number of a million digits', () => {
    const long = '9'.repeat(1_000_000);
    const [filter] = parseFilters(readJson(`{"object":1e${long}}`).value);
    if (filter === undefined) throw new Error('there is no filter');
    const ms = cpuMsOf(() => {
      expect(passes(filter, { ...event, object: readJson(`1e${long}`) })).toBe(true);
      expect(passes(filter, { ...event, object: readJson(long) })).toBe(false);
    });
    expect(ms).toBeLessThan(1_000);
  });

  it('have equal texts exactly when they are equal', () => {
    const word = fc.stringMatching(/^[a=[\]",1]{1,5}$/);
    const scalar = fc.oneof(word, fc.nat(2), fc.boolean(), fc.constant(null));
    const filter = fc.tuple(word, fc.array(scalar, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(filter, filter, (one, two) => {
        const [a] = parseFilters({ [`object.${one[0]}`]: one[1] });
        const [b] = parseFilters({ [`object.${two[0]}`]: two[1] });
        expect(a?.text === b?.text).toBe(JSON.stringify(one) === JSON.stringify(two));
      }),
      { numRuns: runs(5_000) },
    );
  });
});
