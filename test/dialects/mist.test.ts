import { describe, expect, it } from 'vitest';
import { mist } from '../../src/dialects/mist.ts';
import {
  documented,
  documentedSamples,
  real,
  realSamples,
  realStats,
} from '../../src/dialects/mist-messages.ts';
import type { Encoding } from '../../src/dialects/dialect.ts';
import { anEvent } from '../support/connection.ts';
import { encodesGolden } from './contract.ts';
import { parseEvent } from '../support/formats.ts';

const ENCODINGS = [documented, documentedSamples, real, realSamples, realStats];

describe("Mist's server encodes", () => {
  encodesGolden(mist, 'server', real);
});

describe("Mist's server encodes, for the usage of a container,", () => {
  encodesGolden(mist, 'stats', realStats);
});

describe('an encoding of Mist', () => {
  it('has a name of its own, by which the cohorts differ', () => {
    expect(new Set(ENCODINGS.map(({ name }) => name)).size).toBe(ENCODINGS.length);
  });

  it('of samples shares its texts with the encoding of the same messages', () => {
    expect(documentedSamples.encode).toBe(documented.encode);
    expect(realSamples.encode).toBe(real.encode);
  });

  it('of samples sends the newest sample once a second, and delays no other message', () => {
    const sample = anEvent({ type: 'metrics', action: 'sample' });
    for (const encoding of [documentedSamples, realSamples, realStats]) {
      expect(encoding.minIntervalMs).toBe(1_000);
      expect(encoding.conflateBy?.(sample)).toBe('sample');
      expect(encoding.conflateBy?.({ ...sample, type: 'container', action: 'end' })).toBe('end');
    }
    expect([documented, real].map(({ conflateBy, minIntervalMs }) => conflateBy ?? minIntervalMs)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it.each<[string, string, unknown, number | undefined]>([
    ['container', 'end', {}, 0],
    ['container', 'error', {}, 0],
    ['system', 'end', {}, 0],
    ['system', 'error', {}, 0],
    ['container', 'status', { status: 'failed', state: 'exited' }, undefined],
    ['container', 'log', { line: 'end' }, undefined],
    ['deployment', 'status', { status: 'success' }, 1_000],
    ['deployment', 'status', { status: 'failed' }, 1_000],
    ['deployment', 'status', { status: 'stopped' }, 1_000],
    ['deployment', 'status', { status: 'deploying' }, undefined],
    ['deployment', 'status', null, undefined],
    ['deployment', 'status', ['failed'], undefined],
    ['deployment', 'error', { message: 'x' }, undefined],
    ['metrics', 'sample', { status: 'failed' }, undefined],
  ])(
    'says of %s.%s with %j after how many milliseconds the connection is closed: %s',
    (type, action, object, ms) => {
      const event = anEvent({ type, action, object: object as null });
      expect(ENCODINGS.map((encoding: Encoding) => encoding.closesAfterMs?.(event))).toEqual(
        ENCODINGS.map(() => ms),
      );
    },
  );
});

describe('a publisher', () => {
  it('is told that Mist has no format for publishers when it names mist', () => {
    const event = { type: 'container', action: 'log', key: '7', object: { line: 'x' } };
    expect(parseEvent(event)).toEqual(event);
    expect(() => parseEvent(event, 'mist')).toThrow(
      /no format for publishers.*Expected the fields type, action, key/,
    );
  });
});
