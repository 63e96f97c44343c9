import { fieldsOf, sourceOf, stringOf, type RawValue } from '../json/raw-json.ts';
import { visibleText } from '../ui/visible-text.ts';
import type { EventRow } from './rows.ts';

/** What a row of the list shows of an event. */
export interface Summary {
  readonly time: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  /** The beginning of the object, as JSON. */
  readonly preview: string;
  /** How long the JSON is, in characters. */
  readonly length: number;
}

const PREVIEW_MAX = 400;
const KEPT = 500;

/** Those of two generations that were shown lately. */
let young = new Map<EventRow, Summary>();
let old = new Map<EventRow, Summary>();

/** Parses an event when it is shown, and keeps that for as long as it may be on the screen. */
export function summaryOf(row: EventRow): Summary {
  const known = young.get(row) ?? old.get(row);
  const summary = known ?? summarise(row.text);
  if (young.size >= KEPT) [old, young] = [young, new Map<EventRow, Summary>()];
  young.set(row, summary);
  return summary;
}

function summarise(text: string): Summary {
  const fields = fieldsOf(text);
  const textOf = (name: string): string => {
    const value = fields.get(name);
    return value?.text[value.start] === '"' ? stringOf(value) : '';
  };
  return {
    time: textOf('time'),
    type: textOf('type'),
    action: textOf('action'),
    key: textOf('key'),
    preview: previewOf(fields.get('object')),
    length: text.length,
  };
}

function previewOf(object: RawValue | undefined): string {
  if (object === undefined) return '';
  const { text, start, end } = object;
  const source = sourceOf({ text, start, end: Math.min(end, start + PREVIEW_MAX) });
  return source === 'null' ? '' : visibleText(source);
}
