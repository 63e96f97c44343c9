import { parseJson, type JsonNode } from '../json/json-tree.ts';
import { jsonFault, type Fault } from '../json/json-fault.ts';
import { misfits, type Misfit } from '../schema/check.ts';
import { fieldsOf, type FormField } from '../schema/form-fields.ts';
import { resolved } from '../schema/json-schema.ts';
import type { Me } from '../session/me.ts';
import type { PublishForm } from './event-formats.ts';
import { mayPublishTopic, topicOf } from './topic.ts';

/** What a text is, as far as it can be told without the hub. */
export interface Analysis {
  /** Why it is no JSON. There are no events then. */
  readonly fault: Fault | undefined;
  readonly root: JsonNode | undefined;
  readonly events: readonly JsonNode[];
  /** What is wrong with each event. */
  readonly misfits: readonly (readonly Misfit[])[];
  readonly fields: readonly FormField[];
  readonly ignoreCase: boolean;
}

export function analyse(text: string, dialect: string, form: PublishForm, me: Me): Analysis {
  const { formats, definitions } = form;
  const schema = resolved(formats.find((each) => each.dialect === dialect)?.schema ?? {}, definitions);
  const fields = fieldsOf(schema, definitions);
  const ignoreCase = schema['x-ignore-case'] ?? false;
  const fault = jsonFault(text);
  if (fault !== undefined) return { fault, root: undefined, events: [], misfits: [], fields, ignoreCase };
  const root = parseJson(text);
  const events = root.kind === 'list' ? root.items : [root];
  const found = events.map((event) => [
    ...misfits(event, schema, definitions),
    ...forbidden(event, fields, ignoreCase, me),
  ]);
  return { fault, root, events, misfits: found, fields, ignoreCase };
}

/** A topic that the signed-in may not publish is marked at the first field that names it. */
function forbidden(event: JsonNode, fields: readonly FormField[], ignoreCase: boolean, me: Me): Misfit[] {
  const topic = topicOf(event, fields, ignoreCase);
  if (topic === undefined || mayPublishTopic(me, topic)) return [];
  const { from, to, path } = firstName(event, fields, ignoreCase);
  const { type, action, key } = topic;
  return [{ path, from, to, message: `You may not publish ${type}.${action}.${key}. ${mayPublishText(me)}` }];
}

function firstName(
  event: JsonNode,
  fields: readonly FormField[],
  ignoreCase: boolean,
): Pick<Misfit, 'from' | 'to' | 'path'> {
  const field = fields.find(({ kind, path }) => kind === 'string' && path[0]?.toLowerCase() === 'type');
  const node = event.get(field?.path[0] ?? '', ignoreCase) ?? event;
  return { from: node.from, to: node.to, path: field?.path ?? [] };
}

/** How many patterns are named. */
const NAMED = 5;

export function mayPublishText({ publish }: Me): string {
  const others = publish.length - NAMED;
  const rest = others > 0 ? ` and ${others} more` : '';
  return `You may publish ${publish.slice(0, NAMED).join(', ')}${rest}.`;
}
