/** The one change that turns a text into another. */
export function differenceOf(
  now: string,
  then: string,
): { readonly from: number; readonly to: number; readonly insert: string } {
  const most = Math.min(now.length, then.length);
  let from = 0;
  while (from < most && now[from] === then[from]) from++;
  let same = 0;
  while (same < most - from && now[now.length - 1 - same] === then[then.length - 1 - same]) same++;
  return { from, to: now.length - same, insert: then.slice(from, then.length - same) };
}
