import { REDACTED } from './redact-names.ts';

/** Matches in every JSON with a URL that names a user, unless letters of the URL are escaped as `\u…`. */
export const USER_IN_URL = String.raw`:(?:\\?/){2}[^/"]*@`;

const MAY_HOLD_USER = new RegExp(String.raw`\\u|${USER_IN_URL}`);
const AUTHORITY = /:(?:\\?\/){2}/g;

/**
 * What can end a user, password and host. Escaped backslashes and letters belong to them; every other escape ends
 * them.
 */
const END = /[ '`<>/?#\\]/g;

/** After http and https a user without a password is a token, except in a parameter of another URL. */
const HTTP = /https?$/i;
const PARAMETER = /[?&][^?&= ]*=https?$/i;
const MAX_BEFORE = 64;

/** GitHub takes this instead of a password when the user is a token. */
const NO_PASSWORD = 'x-oauth-basic';

/**
 * Masks the passwords of URLs in a string of JSON, such as `amqp://user:password@host`, and with http and https also
 * a user without a password, since that is a token. The string comes and goes as it is written in JSON, without its
 * quotes. A string without such URLs stays as it was written. redact-urls.lua does the same, and agrees to the byte.
 */
export function redactUrls(written: string): string {
  if (!MAY_HOLD_USER.test(written)) return written;
  const text = withPlainLetters(written);
  let seen = '';
  let done = 0;
  for (const { 0: mark, index } of text.matchAll(AUTHORITY)) {
    const begin = index + mark.length;
    const authority = text.slice(begin, endOf(text, begin));
    const user = authority.slice(0, Math.max(authority.lastIndexOf('@'), 0));
    const secret = secretOf(user, text.slice(Math.max(index - MAX_BEFORE, 0), index));
    if (secret === undefined) continue;
    seen += text.slice(done, begin + secret.from) + REDACTED;
    done = begin + secret.to;
  }
  return done === 0 ? written : seen + text.slice(done);
}

/** Where the secret in `user:password` begins and ends. */
function secretOf(user: string, before: string): { readonly from: number; readonly to: number } | undefined {
  const colon = user.indexOf(':');
  const password = colon < 0 ? '' : user.slice(colon + 1);
  if (password !== '' && password !== NO_PASSWORD) return { from: colon + 1, to: user.length };
  const isToken = user !== '' && colon !== 0 && HTTP.test(before) && !PARAMETER.test(before);
  return isToken ? { from: 0, to: colon < 0 ? user.length : colon } : undefined;
}

function endOf(text: string, at: number): number {
  for (;;) {
    END.lastIndex = at;
    if (!END.test(text)) return text.length;
    const found = END.lastIndex - 1;
    if (!isEscapedLetter(text, found)) return found;
    at = found + 2;
  }
}

function isEscapedLetter(text: string, at: number): boolean {
  if (text[at] !== '\\') return false;
  return text[at + 1] === '\\' || (text[at + 1] === 'u' && !/^00[01]/.test(text.slice(at + 2, at + 5)));
}

/** The string with ASCII letters that were escaped as `\u…` written plainly. */
function withPlainLetters(written: string): string {
  return written.replaceAll(/\\(.)([\da-f]{0,4})/gi, (escape, kind: string, digits: string) => {
    const code = kind === 'u' ? Number.parseInt(digits, 16) : 0;
    if (code < 0x20 || code > 0x7e) return escape;
    const letter = String.fromCharCode(code);
    return letter === '"' || letter === '\\' ? `\\${letter}` : letter;
  });
}
