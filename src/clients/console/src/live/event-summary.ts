import { eventFields, type JsonNode } from '../json/json-tree.ts';
import { utf8Length } from '../ui/utf8.ts';
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
  /** How many bytes the JSON has in UTF-8. */
  readonly bytes: number;
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
  const fields = eventFields(text);
  const textOf = (name: string): string => fields.get(name)?.string ?? '';
  return {
    time: textOf('time'),
    type: textOf('type'),
    action: textOf('action'),
    key: textOf('key'),
    preview: previewOf(fields.get('object')),
    bytes: utf8Length(text),
  };
}

function previewOf(object: JsonNode | undefined): string {
  if (object === undefined) return '';
  const { whole, from, to } = object;
  const source = whole.slice(from, Math.min(to, from + PREVIEW_MAX));
  return source === 'null' ? '' : visibleText(source);
}
