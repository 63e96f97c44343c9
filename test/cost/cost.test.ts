import { describe, expect, it } from 'vitest';
import { costOf, type Cost } from './measure.ts';
import { READERS, type Reader } from './readers.ts';

/** `npm run test:cost` tries every input at full size. `npm test` tries a few inputs of each reader, in seconds. */
const IS_WHOLE = process.env['BELFRY_TEST_COST'] === 'whole';
const SAMPLE = 12;

/** The largest size that headers may have. */
const HANDSHAKE_BYTES = 16_384;
const FRAME_BYTES = IS_WHOLE ? 1_048_576 : 131_072;

/** The bounds for a reader: a fixed part, and a part for each byte that it reads. */
const CEILING = {
  anybody: { cpuMs: 15, cpuMsPerByte: 0, bytes: 4_194_304, bytesPerByte: 0 },
  'signed in': { cpuMs: 20, cpuMsPerByte: 0.000_3, bytes: 4_194_304, bytesPerByte: 60 },
} as const;

/** All items, or some items at even distances, so that every kind is among them. */
function chosen<Item>(items: readonly Item[]): readonly Item[] {
  if (IS_WHOLE || items.length <= SAMPLE) return items;
  return Array.from({ length: SAMPLE }, (_, i) => items[Math.floor((i * items.length) / SAMPLE)] as Item);
}

function mostOf({ by, runs }: Reader): { readonly took: Cost; readonly may: Cost } {
  const size = by === 'anybody' ? HANDSHAKE_BYTES : FRAME_BYTES;
  const { cpuMs, cpuMsPerByte, bytes, bytesPerByte } = CEILING[by];
  const costs = chosen(runs(size)).map((run) => costOf(() => settled(run)));
  return {
    took: {
      cpuMs: Math.max(...costs.map((cost) => cost.cpuMs)),
      bytes: Math.max(...costs.map((cost) => cost.bytes)),
    },
    may: { cpuMs: cpuMs + cpuMsPerByte * size, bytes: bytes + bytesPerByte * size },
  };
}

/** Catches a refusal that comes later, since it is an answer too. */
function settled(run: () => unknown): unknown {
  const answer = run();
  if (answer instanceof Promise) answer.catch(() => undefined);
  return answer;
}

describe('a reader of client input', () => {
  it.each(READERS.map((reader) => [reader.name, reader] as const))(
    'reads %s within a bounded time and memory',
    (_name, reader) => {
      const { took, may } = mostOf(reader);
      expect(took.cpuMs).toBeLessThan(may.cpuMs);
      expect(took.bytes).toBeLessThan(may.bytes);
    },
    IS_WHOLE ? 300_000 : 30_000,
  );

  it('exceeds its time when its work is the product of two lists', () => {
    const lists = Array.from({ length: 3_000 }, (_, i) => i);
    const product = (): unknown => lists.map((a) => lists.filter((b) => `${a}` === `${b}`));
    expect(costOf(product, 1).cpuMs).toBeGreaterThan(CEILING.anybody.cpuMs);
  });
});
