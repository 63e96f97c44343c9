const SECOND_MS = 1_000;

let second = Number.NaN;
let text = '';

/** The time as the header `Date` has it. It is written once a second, since that costs as much as the rest of a head. */
export function httpDate(): string {
  const now = Math.floor(Date.now() / SECOND_MS);
  if (now !== second) {
    second = now;
    text = new Date(now * SECOND_MS).toUTCString();
  }
  return text;
}
