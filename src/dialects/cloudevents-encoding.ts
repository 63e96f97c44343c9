/** Events on their way out as CloudEvents 1.0 in JSON. An event that came in as a CloudEvent goes out as the same one. */
import { createHash } from 'node:crypto';
import { heardJson, type HubEvent } from '../model/event.ts';
import type { Position } from '../model/position.ts';
import { fieldsOf, isJsonObject, textOf, valueOf, type Fields, type ObjectValue } from '../model/json.ts';
import {
  areAttributes,
  ATTRIBUTES_IN,
  faultOf,
  IS_BASE64,
  SPEC_VERSION,
  topicOf,
  type Attributes,
} from './cloudevents.ts';
import type { Encoding } from './dialect.ts';

export interface CloudEventEncoding extends Encoding {
  readonly encode: (event: HubEvent, position?: Position) => string;
}

const ENCODINGS = new Map<string, CloudEventEncoding>();

/**
 * The encoding of the events of a hub as CloudEvents in JSON, with this source unless they brought their own. The same source
 * has the same encoding, so that connections share its work.
 */
export function cloudEventsOf(source: string): CloudEventEncoding {
  const known = ENCODINGS.get(source);
  if (known !== undefined) return known;
  const encoding: CloudEventEncoding = {
    name: 'native cloudevents',
    encode: (event, position) => encode(event, source, position),
  };
  // A node has one source. Only tests have several.
  ENCODINGS.clear();
  ENCODINGS.set(source, encoding);
  return encoding;
}

function encode(event: HubEvent, source: string, position: Position | undefined): string {
  const { id, time, principal, object, original } = event;
  const { given, trace, rest } = partsOf(event.metadata);
  const attributes = {
    specversion: SPEC_VERSION,
    ...attributesOf(event, given?.attributes, source),
    time,
    ...trace,
    ...(id !== undefined && { belfryid: id }),
    ...(position !== undefined && { belfryposition: position }),
    ...(principal !== undefined && { belfryprincipal: principal }),
    ...(original !== undefined && { belfryoriginal: textOf(original) }),
    ...(rest !== undefined && { belfrymetadata: rest }),
  };
  const begin = JSON.stringify(attributes).slice(0, -1);
  const data = textOf(object);
  if (data === 'null') return `${begin}}`;
  const isBase64 = given?.isBase64 === true && faultOf('data_base64', valueOf(object)) === undefined;
  return `${begin},"${isBase64 ? 'data_base64' : 'data'}":${data}}`;
}

/** The attributes that say which event it is, and those that it brought. */
function attributesOf(event: HubEvent, given: Attributes | undefined, source: string): Attributes {
  const { type, action, key } = event;
  const subject = key === '' || given?.['belfrykey'] !== undefined ? {} : { subject: key };
  const attributes: Attributes = given
    ? { id: '', source: '', type: '', ...subject, ...given }
    : {
        id: event.id ?? `live-${createHash('sha1').update(heardJson(event)).digest('hex')}`,
        source,
        type: `${type}.${action}`,
        ...subject,
        datacontenttype: 'application/json',
      };
  const said = topicOf(attributes);
  return {
    ...attributes,
    ...(said.type !== type && { belfrytype: type }),
    ...(said.action !== action && { belfryaction: action }),
    ...(said.key !== key && { belfrykey: key }),
  };
}

interface Parts {
  /** What the event brought as a CloudEvent. */
  readonly given?: { readonly attributes: Attributes; readonly isBase64: boolean };
  readonly trace?: Attributes;
  /** The JSON of the metadata that is in none of the other parts. */
  readonly rest?: string;
}

function partsOf(metadata: ObjectValue | undefined): Parts {
  if (metadata === undefined) return {};
  const fields = fieldsOf(metadata);
  const attributes = valueOf(fields[ATTRIBUTES_IN]);
  const given = isJsonObject(attributes) && areAttributes(attributes) ? attributes : undefined;
  const traces = ['traceparent', 'tracestate'].filter((name) => typeof fields[name] === 'string');
  const others = Object.keys(fields).filter(
    (name) => !(traces.includes(name) || (given && name === ATTRIBUTES_IN)),
  );
  return {
    ...(given && { given: withoutMark(given) }),
    trace: pick(fields, traces) as Attributes,
    ...(others.length > 0 && { rest: JSON.stringify(pick(fields, others)) }),
  };
}

function withoutMark({ [IS_BASE64]: mark, ...attributes }: Attributes): Parts['given'] & object {
  return { attributes, isBase64: mark === true };
}

function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
}
