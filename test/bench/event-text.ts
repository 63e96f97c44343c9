import { markOf, MARK_BYTES } from '../../src/clients/load/mark.ts';

const KEY_DIGITS = 5;
const KINDS = 10;

/** Filler that compresses as usual text does, and not as one repeated letter does. */
const FILLER = Array.from({ length: 4_000 }, (_, n) => ((n * 2_654_435_761) >>> 8).toString(36)).join(' ');

/** The name of a topic. All names have the same width, so that the size of an event does not depend on its topic. */
export function topicOf(index: number): string {
  return `t${String(index).padStart(KEY_DIGITS, '0')}`;
}

/**
 * Makes the JSON of published events, all of one size in bytes. `object.at` is the time of the publish, and `object.n`
 * counts from 0 to 9 and begins again, for filters to match.
 */
export function eventTexts(
  word: string,
  size: number,
): (topic: string, at: number, sequence: number) => string {
  const [type = '', action = ''] = word.split('.');
  // Clients of the provisioning dialect hear only the keys of the platform itself.
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
