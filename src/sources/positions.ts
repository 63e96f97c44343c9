/** How the positions in what is watched are ordered. */

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Times of RFC 3339, to the last digit of their seconds: Docker and Kubernetes write nanoseconds, and leave zeros out. */
export function byTime(a: string, b: string): number {
  const [x, y] = [instantOf(a), instantOf(b)];
  if (x.second !== y.second) return x.second < y.second ? -1 : 1;
  return compareTexts(x.fraction, y.fraction);
}

/** Whole numbers of any length, such as offsets and versions. */
export function byNumber(a: string, b: string): number {
  return a.length === b.length ? compareTexts(a, b) : a.length - b.length;
}

function instantOf(text: string): { readonly second: number; readonly fraction: string } {
  const [, second = '', fraction = '', zone = ''] = RFC_3339.exec(text) ?? [];
  return { second: Date.parse(`${second}${zone}`), fraction: fraction.replace(/0+$/, '') };
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
