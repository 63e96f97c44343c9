/** Signs that take two columns of a terminal: those of East Asia, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Signs that take none: accents, joiners, marks of direction. */
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** What a terminal would act on instead of showing it, and marks that turn the direction of the text around. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
/** Those of them that may stand in JSON as they are. They stand in strings only. */
const CONTROL_IN_JSON = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text with each control character written as an escape of JSON, so that no event can steer a terminal. */
export function harmless(text: string): string {
  return text.replaceAll(CONTROL, escaped);
}

/** The same JSON or YAML without anything that steers a terminal. */
export function harmlessJson(text: string): string {
  return text.replaceAll(CONTROL_IN_JSON, escaped);
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** How many columns of a terminal the text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const sign of text) width += NONE.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1;
  return width;
}

/** The text, cut where it is wider than this. The last sign of a cut text says so. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  let taken = 1;
  for (const sign of text) {
    taken += widthOf(sign);
    if (taken > width) break;
    cut += sign;
  }
  return width < 1 ? '' : `${cut}…`;
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
