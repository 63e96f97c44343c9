import { parseExactly } from '../../clients/cli/exact-json.ts';
import { templateOf } from '../../clients/cli/template.ts';
import type { Line } from '../lines.ts';
import type { SourceEvent } from '../source.ts';
import type { Stream } from './child.ts';
import type { ExecOptions } from './options.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a line becomes, but for its position where the line does not hold it. */
export type LineEvent = Omit<SourceEvent, 'at'> & { readonly at?: string };

/**
 * Makes events of the lines of a command. A line that is not the JSON which was expected becomes text, so that nothing is lost;
 * so does every line of the error output.
 */
export function lineEvents(options: ExecOptions): (line: Line, stream: Stream) => LineEvent {
  const { type, action, key, lines, at = '' } = options;
  const [typeOf, actionOf, keyOf, atOf] = [type, action, key, at].map(textOf) as [
    TextOf,
    TextOf,
    TextOf,
    TextOf,
  ];
  // A line may lack the fields that the options name. The hub takes an empty key, but neither an empty type nor an empty action.
  const topicOf = (json: string): Pick<SourceEvent, 'type' | 'action' | 'key'> => ({
    type: typeOf(json) || 'exec',
    action: actionOf(json) || 'log',
    key: keyOf(json),
  });
  return ({ text, cutBytes }, stream) => {
    const isJson = lines !== 'text' && stream === 'stdout' && cutBytes === undefined;
    const fields = isJson ? fieldsOf(text) : undefined;
    if (fields === undefined) {
      const object = { line: text, stream, ...(cutBytes !== undefined && { cutBytes }) };
      return { ...topicOf('{}'), object };
    }
    const position = atOf(text);
    const placed = position === '' ? {} : { at: position };
    return { ...topicOf(text), ...(lines === 'json' ? { object: fields } : wholeEvent(fields)), ...placed };
  };
}

type TextOf = (json: string) => string;

/** A text with no field in it needs no line. */
function textOf(template: string): TextOf {
  return template.includes('{{') ? templateOf(template) : () => template;
}

function fieldsOf(text: string): Fields | undefined {
  try {
    const value = parseExactly(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of an event that a line holds. What it leaves out is what the options say. */
function wholeEvent(fields: Fields): Partial<LineEvent> & { readonly object: unknown } {
  const { type, action, key, time, object = null, original, metadata } = fields;
  return {
    ...(typeof type === 'string' && { type }),
    ...(typeof action === 'string' && { action }),
    ...(typeof key === 'string' && { key }),
    ...(typeof time === 'string' && { time }),
    object,
    ...(original !== undefined && { original }),
    ...(typeof metadata === 'object' && metadata !== null && { metadata: metadata as Fields }),
  };
}
