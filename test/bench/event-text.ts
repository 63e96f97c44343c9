import { markOf, MARK_BYTES } from '../../src/clients/load/mark.ts';

const KEY_DIGITS = 5;
const KINDS = 10;

/** Words that compress as text does, and not as one letter does. */
const FILLER = Array.from({ length: 4_000 }, (_, n) => ((n * 2_654_435_761) >>> 8).toString(36)).join(' ');

/** A topic; all names are of one width, lest the size of an event depend on it. */
export function topicOf(index: number): string {
  return `t${String(index).padStart(KEY_DIGITS, '0')}`;
}

/**
 * The JSON of events of one size, in bytes, as they are published. `object.at` says when, `object.n` goes from 0 to 9 and
 * round again for filters to look at.
 */
export function eventTexts(
  word: string,
  size: number,
): (topic: string, at: number, sequence: number) => string {
  const [type = '', action = ''] = word.split('.');
  // Clients of the provisioning dialect hear no keys but the platform's own.
  const keyed = type !== 'custom';
  const head = `{"type":"${type}","action":"${action}","key":"`;
  const middle = '","object":{"at":"';
  const tail = (kind: number, pad: number): string => `","n":"${kind}","pad":"${FILLER.slice(0, pad)}"}}`;
  const fixed =
    head.length + (keyed ? topicOf(0).length : 0) + middle.length + MARK_BYTES + tail(0, 0).length;
  const tails = Array.from({ length: KINDS }, (_, kind) => tail(kind, Math.max(0, size - fixed)));
  return (topic, at, sequence) =>
    head + (keyed ? topic : '') + middle + markOf(at) + (tails[sequence % KINDS] ?? '');
}
