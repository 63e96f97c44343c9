import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { parseFilters, passes } from '../../src/model/filter.ts';

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

  it('use the first path that leads anywhere', () => {
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

  it('find no text in what is none', () => {
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
      { numRuns: 5_000 },
    );
  });
});
