import { scanNumber } from './json-scan.ts';
import { skipString } from './json-walk.ts';

/** What `JSON.parse` tells about a value that is neither object nor list: its text. */
export interface Written {
  readonly source?: string;
}

declare global {
  interface JSON {
    /** A number that `stringify` writes as this text. */
    rawJSON(text: string): object;
    /** Whether `rawJSON` made the value. */
    isRawJSON(value: unknown): boolean;
    parse(text: string, reviver: (key: string, value: unknown, context: Written) => unknown): unknown;
  }
}

/** A number that JavaScript would write differently, or would change: 1.0, 2⁵³ + 1, 1e400. */
export class ExactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  toJSON(): object {
    return JSON.rawJSON(this.source);
  }

  toString(): string {
    return this.source;
  }
}

/** Parses JSON that was validated before. Numbers that JavaScript would change become an {@link ExactNumber}. */
export function parseExactly(text: string): unknown {
  return hasInexact(text) ? JSON.parse(text, keepSource) : JSON.parse(text);
}

function keepSource(_key: string, value: unknown, { source = '' }: Written): unknown {
  return typeof value === 'number' && !isKept(source) ? new ExactNumber(source) : value;
}

function hasInexact(text: string): boolean {
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = skipString(text, at);
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = scanNumber(text, at);
      if (!isKept(text.slice(at, end))) return true;
      at = end;
    } else at++;
  }
  return false;
}

/** Small whole numbers are recognised by a pattern, which is faster. */
function isKept(source: string): boolean {
  return /^[1-9]?\d{1,14}$/.test(source) || String(Number(source)) === source;
}

/** The equal number of JavaScript, where there is one; else the exact number itself. */
export function nearest(exact: ExactNumber): number | ExactNumber {
  const number = Number(exact.source);
  return Number.isFinite(number) && numberKey(number) === numberKey(exact) ? number : exact;
}

/** A key that is equal for mathematically equal numbers, however they are written. */
export function numberKey(value: number | ExactNumber): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = FORM.exec(String(value)) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  // Numbers with longer exponents are compared by their texts, since nobody writes one such number in two ways.
  if (exponent.length > MAX_EXPONENT_LENGTH) return `${sign}${whole}.${fraction}e${exponent}`;
  const shift = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${sign}${significant}e${shift}`;
}

const MAX_EXPONENT_LENGTH = 15;
const FORM = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
