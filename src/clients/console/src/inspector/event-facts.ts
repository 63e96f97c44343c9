import { parseTraceparent } from '../../../../model/trace.ts';
import { fieldsOf, kindOf, stringOf, valueAt, type RawValue } from '../json/raw-json.ts';

/** What an event says of itself, each as it is written. */
export interface EventFacts {
  readonly id: string | undefined;
  readonly time: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly principal: string | undefined;
  readonly object: RawValue | undefined;
  readonly original: RawValue | undefined;
  readonly metadata: RawValue | undefined;
  /** The trace that the event belongs to. */
  readonly traceId: string | undefined;
  /** How many bytes the JSON has in UTF-8. */
  readonly bytes: number;
}

export function factsOf(text: string): EventFacts {
  const fields = fieldsOf(text);
  const textOf = (name: string): string | undefined => {
    const value = fields.get(name);
    return value !== undefined && kindOf(value) === 'string' ? stringOf(value) : undefined;
  };
  const metadata = fields.get('metadata');
  const traceparent = metadata && valueAt(metadata, ['traceparent']);
  const isText = traceparent !== undefined && kindOf(traceparent) === 'string';
  return {
    id: textOf('id'),
    time: textOf('time') ?? '',
    type: textOf('type') ?? '',
    action: textOf('action') ?? '',
    key: textOf('key') ?? '',
    principal: textOf('principal'),
    object: fields.get('object'),
    original: fields.get('original'),
    metadata,
    traceId: isText ? parseTraceparent(stringOf(traceparent))?.traceId : undefined,
    bytes: new TextEncoder().encode(text).length,
  };
}
