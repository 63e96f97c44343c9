import type { Gap } from '../sdk/item.ts';

/** Where events may be missing, in words. */
export function gapText({ from, to, reason }: Gap): string {
  return `gap after ${from ?? 'the beginning'} up to ${to ?? 'now'}: ${reason}`;
}
