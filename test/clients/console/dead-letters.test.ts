import { describe, expect, it } from 'vitest';
import { doToAll, type BulkProgress } from '../../../src/clients/console/src/dead-letters/bulk.ts';
import { HalfSent, keyOf, sendEdited } from '../../../src/clients/console/src/dead-letters/edited-letter.ts';
import {
  filtered,
  lettersIn,
  neighbourOf,
  reasonsOf,
} from '../../../src/clients/console/src/dead-letters/letter-filter.ts';
import type { ListedLetter } from '../../../src/clients/console/src/dead-letters/letter.ts';
import { rememberRetried, wasRetried } from '../../../src/clients/console/src/dead-letters/retried.ts';
import { positionOf } from '../../../src/clients/console/src/json/position.ts';
import { HubError } from '../../../src/clients/sdk/errors.ts';

function letter(id: string, more: Partial<ListedLetter> = {}): ListedLetter {
  const [time, message] = ['2026-01-15T10:30:00Z', 'Not usable as JSON'];
  return { id, time, reason: 'json_invalid', message, event: `text ${id}`, bytes: 8, ...more };
}

const LETTERS = [
  letter('1-0'),
  letter('2-0', { reason: 'event_invalid', message: 'key is missing' }),
  letter('3-0'),
];
const ids = (letters: readonly ListedLetter[]): string[] => letters.map(({ id }) => id);

describe('the list of dead letters', () => {
  it('is filtered by the reason, and by words in the message, the id and the text', () => {
    expect(ids(filtered(LETTERS, { reason: '', words: '' }))).toEqual(['1-0', '2-0', '3-0']);
    expect(ids(filtered(LETTERS, { reason: 'json_invalid', words: '' }))).toEqual(['1-0', '3-0']);
    expect(ids(filtered(LETTERS, { reason: '', words: 'KEY' }))).toEqual(['2-0']);
    expect(ids(filtered(LETTERS, { reason: '', words: 'text 3' }))).toEqual(['3-0']);
    expect(ids(filtered(LETTERS, { reason: 'event_invalid', words: 'text 3' }))).toEqual([]);
  });

  it('counts its reasons, the most frequent first', () => {
    expect(reasonsOf(LETTERS)).toEqual([
      ['json_invalid', 2],
      ['event_invalid', 1],
    ]);
  });

  it('has each letter once, although a page began anew while others were deleted', () => {
    const pages = [{ letters: LETTERS.slice(0, 2) }, { letters: LETTERS.slice(1) }];
    expect(ids(lettersIn(pages))).toEqual(['1-0', '2-0', '3-0']);
  });

  it('selects the letter after one that goes away, or the one before the last', () => {
    expect(neighbourOf(LETTERS, '1-0')).toBe('2-0');
    expect(neighbourOf(LETTERS, '3-0')).toBe('2-0');
    expect(neighbourOf(LETTERS.slice(0, 1), '1-0')).toBeUndefined();
    expect(neighbourOf(LETTERS, '9-0')).toBeUndefined();
  });

  it('tells a letter that comes back after it was retried', () => {
    rememberRetried(letter('9-1', { event: 'x' }));
    expect(wasRetried(letter('10-0', { event: 'x' }))).toBe(true);
    expect(wasRetried(letter('9-1', { event: 'x' }))).toBe(false);
    expect(wasRetried(letter('9-0', { event: 'x' }))).toBe(false);
    expect(wasRetried(letter('10-0', { event: 'y' }))).toBe(false);
  });
});

describe('an edited dead letter', () => {
  /** A hub that keeps what is published, once for each key, and whose deletes fail as often as told. */
  function hub(failures: readonly Error[] = []) {
    const published = new Map<string, string>();
    const rest = [...failures];
    return {
      published,
      publish: async ({ text }: { readonly text: string }, key: string): Promise<string[]> => {
        const before = published.get(key);
        if (before !== undefined && before !== text)
          throw new HubError('idempotency_key_reused', 'The key was used for other events.');
        published.set(key, text);
        return ['5-0'];
      },
      remove: async (): Promise<void> => {
        const failure = rest.shift();
        if (failure !== undefined) throw failure;
      },
    };
  }

  it('is published before the letter is deleted, under a key that is made of its id', async () => {
    const { published, ...sending } = hub();
    expect(await sendEdited({ id: '1-0', text: '{}' }, sending)).toEqual(['5-0']);
    expect([...published]).toEqual([[keyOf('1-0'), '{}']]);
  });

  it('is published once, although the first attempt was cut off between the two', async () => {
    const { published, ...sending } = hub([new HubError('lost', 'No answer came.')]);
    await expect(sendEdited({ id: '1-0', text: '{}' }, sending)).rejects.toThrow(HalfSent);
    expect(await sendEdited({ id: '1-0', text: '{}' }, sending)).toEqual(['5-0']);
    expect(published.size).toBe(1);
  });

  it('is not published with another text after it was published', async () => {
    const { published: _, ...sending } = hub([new HubError('lost', 'No answer came.')]);
    await expect(sendEdited({ id: '1-0', text: '{}' }, sending)).rejects.toThrow('not deleted yet');
    await expect(sendEdited({ id: '1-0', text: '[]' }, sending)).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('is done where somebody else has deleted the letter', async () => {
    const { published: _, ...sending } = hub([new HubError('not_found', 'There is no dead letter.')]);
    expect(await sendEdited({ id: '1-0', text: '{}' }, sending)).toEqual(['5-0']);
  });
});

describe('what is done to all dead letters', () => {
  const many = Array.from({ length: 50 }, (_, index) => `${index}-0`);
  const never = new AbortController().signal;

  it('happens once to each, in their order with one at a time, and tells the progress', async () => {
    const done: string[] = [];
    const told: number[] = [];
    const tell = ({ done: count }: BulkProgress): void => void told.push(count);
    const end = await doToAll(many, async (id) => void done.push(id), tell, { signal: never, atOnce: 1 });
    expect(done).toEqual(many);
    expect(told).toEqual(many.map((_, index) => index + 1));
    expect(end).toMatchObject({ total: 50, done: 50, failed: 0 });
  });

  it('counts one that is gone as done, and goes on after one that fails', async () => {
    const act = async (id: string): Promise<void> => {
      if (id === '3-0') throw new HubError('not_found', 'gone');
      if (id === '5-0') throw new HubError('forbidden', 'not permitted');
    };
    const end = await doToAll(many, act, () => undefined, { signal: never, atOnce: 4 });
    expect(end).toMatchObject({ done: 49, failed: 1, firstError: { message: 'not permitted' } });
  });

  it('ends when all fail, and when it is stopped', async () => {
    const fail = (): Promise<void> => Promise.reject(new HubError('lost', 'No answer came.'));
    const failed = await doToAll(many, fail, () => undefined, { signal: never, atOnce: 4 });
    expect(failed.failed).toBeLessThan(15);
    const abort = new AbortController();
    const stop = async (id: string): Promise<void> => void (id === '9-0' && abort.abort());
    const stopped = await doToAll(many, stop, () => undefined, { signal: abort.signal, atOnce: 1 });
    expect(stopped.done).toBe(10);
  });
});

describe('the position of a place', () => {
  it('counts lines and columns from one', () => {
    expect(positionOf('ab\ncd', 0)).toEqual({ line: 1, column: 1 });
    expect(positionOf('ab\ncd', 4)).toEqual({ line: 2, column: 2 });
  });
});
