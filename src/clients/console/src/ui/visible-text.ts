/** Characters that draw nothing, break a line, or turn the direction of the text around them. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const ANY_UNSEEN = new RegExp(UNSEEN.source, 'u');

/**
 * The text as it can be shown safely on one line: what would not be seen, or would disguise something else, is written out. What
 * is copied is always the text itself.
 */
export function visibleText(text: string, max = Infinity): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return ANY_UNSEEN.test(cut) ? cut.replaceAll(UNSEEN, written) : cut;
}

function written(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
