import { compareCursors, isCursor } from '../../model/cursor.ts';
import type * as Positions from '../../model/position.ts';

/** What compares positions. */
type Order = Pick<typeof Positions, 'includes' | 'earlierOf' | 'laterOf'>;

/** Compares the positions of a log of one shard, which are cursors. */
const cursors: Order = {
  includes: (position, other) => compareCursors(position, other) >= 0,
  earlierOf: (a, b) => (compareCursors(a, b) < 0 ? a : b),
  laterOf: (a, b) => (compareCursors(a, b) < 0 ? b : a),
};
/** What compares all positions takes the place of `cursors` when the first of several shards comes, since most pages never need it. */
export let order = cursors;

/** Whether what the hub answered is a position that cannot be compared yet. */
export function isUnread(text: unknown): boolean {
  return order === cursors && String(text).startsWith('v');
}

/** Loads what compares all positions. */
export async function loadOrder(): Promise<void> {
  order = await import('../../model/position.ts');
}

export function isPosition(text: string): boolean {
  return text.startsWith('v') || isCursor(text);
}
