import { parseTraceparent } from '../../../../model/trace.ts';
import { utf8Length } from '../ui/utf8.ts';
import { eventFields, type JsonNode } from '../json/json-tree.ts';

/** What an event says of itself, each as it is written. */
export interface EventFacts {
  readonly id: string | undefined;
  readonly time: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly principal: string | undefined;
  readonly object: JsonNode | undefined;
  readonly original: JsonNode | undefined;
  readonly metadata: JsonNode | undefined;
  /** The trace that the event belongs to. */
  readonly traceId: string | undefined;
  /** How many bytes the JSON has in UTF-8. */
  readonly bytes: number;
}

export function factsOf(text: string): EventFacts {
  const fields = eventFields(text);
  const textOf = (name: string): string | undefined => fields.get(name)?.string;
  const metadata = fields.get('metadata');
  const traceparent = metadata?.get('traceparent')?.string;
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
    traceId: traceparent === undefined ? undefined : parseTraceparent(traceparent)?.traceId,
    bytes: utf8Length(text),
  };
}
