const LF = 10;
const CR_LF = 2;

/**
 * Where a value of the Redis protocol ends that begins at `at`, in version 2 or 3 of the protocol: the place after it;
 * `undefined` where it goes on after `end`. `NaN` where nothing of the protocol begins there.
 */
export function endOfValue(bytes: Buffer, at: number, end: number): number | undefined {
  for (let values = 1; values > 0; values--) {
    if (at >= end) return undefined;
    const kind = String.fromCharCode(bytes[at] ?? 0);
    const newline = bytes.indexOf(LF, at);
    if (newline < 0 || newline >= end) return undefined;
    const line = newline + 1;
    const isLong = '$!='.includes(kind);
    const items = ITEMS[kind];
    if (isLong || items !== undefined) {
      const count = numberBefore(bytes, at + 1, newline);
      // A negative count stands for null.
      at = isLong && count >= 0 ? line + count + CR_LF : line;
      if (items !== undefined) values += items(Math.max(count, 0));
    } else if ('+-:_#,('.includes(kind)) at = line;
    else return Number.NaN;
  }
  return at > end ? undefined : at;
}

/** How many values follow the line that begins with this character. Attributes stand before the value that they are of. */
const ITEMS: Readonly<Record<string, (count: number) => number>> = {
  '*': (count) => count,
  '~': (count) => count,
  '>': (count) => count,
  '%': (count) => 2 * count,
  '|': (count) => 2 * count + 1,
};

function numberBefore(bytes: Buffer, from: number, newline: number): number {
  return Number(bytes.toString('latin1', from, newline - 1));
}
