/**
 * CloudEvents 1.0 as a format of published events. It has no sockets of its own: what the hub sends as CloudEvents is in
 * cloudevents-encoding.ts. The type and the subject become type, action and key. All attributes that have no other place in
 * the event stand in `metadata.cloudevent`, from which the way out gives them back.
 */
import { z } from 'zod';
import { FAULTS } from '../model/attribute-forms.ts';
import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import { formName, isOptional, qualifiedTopic, type Format } from '../model/format.ts';
import {
  isFields,
  isJsonObject,
  readJson,
  valueOf,
  type Body,
  type Fields,
  type Json,
  type Value,
} from '../model/json.ts';
import type { Publishing } from './dialect.ts';
import { anyJson, rfc3339 } from './shapes.ts';

export const CLOUDEVENTS = 'cloudevents';
/** The version of the specification. */
export const SPEC_VERSION = '1.0';
/** The field of the metadata in which the attributes of a CloudEvent stand. */
export const ATTRIBUTES_IN = 'cloudevent';
/** Stands beside the attributes where the object is bytes in base64. No attribute has an underscore in its name. */
export const IS_BASE64 = 'data_base64';

export const FORMAT = {
  whole: ['specversion', 'id', 'source', 'type'],
  partly: ['specversion'],
  isOpen: true,
  skipsNull: true,
  fields: {
    specversion: 'version',
    id: 'filled',
    source: 'uri',
    type: 'filled',
    subject: 'filled?',
    time: 'time?',
    datacontenttype: 'media?',
    dataschema: 'uri?',
    data: 'json?',
    data_base64: 'bytes?',
    traceparent: 'text?',
    tracestate: 'text?',
    belfrytype: 'filled?',
    belfryaction: 'filled?',
    belfrykey: 'text?',
    belfryprincipal: 'text?',
    belfryid: 'text?',
    belfryposition: 'text?',
    belfryoriginal: 'jsontext?',
    belfrymetadata: 'objecttext?',
  },
  others: 'attribute',
  object: 'data',
  otherObject: 'data_base64',
  texts: { belfryoriginal: 'original', belfrymetadata: 'metadata' },
  restIn: ATTRIBUTES_IN,
  topic: {
    kind: 'qualified',
    name: 'type',
    key: 'subject',
    own: { type: 'belfrytype', action: 'belfryaction', key: 'belfrykey' },
    lone: 'event',
  },
} as const satisfies Format;

/** The fields that have a place of their own in the event, or none. */
const PLACED: ReadonlySet<string> = new Set([
  'specversion',
  'time',
  'data',
  'data_base64',
  'traceparent',
  'tracestate',
  'belfryid',
  'belfryposition',
  'belfryprincipal',
  'belfryoriginal',
  'belfrymetadata',
]);
const FORMS: ReadonlyMap<string, keyof typeof FAULTS> = new Map(
  Object.entries(FORMAT.fields).map(([name, form]) => [name, formName(form)]),
);
const NEEDED = Object.entries(FORMAT.fields).flatMap(([name, form]) => (isOptional(form) ? [] : [name]));

/** The attributes of a CloudEvent, or some of them. None is null. */
export type Attributes = { readonly [name: string]: Json };

export interface Topic {
  readonly type: string;
  readonly action: string;
  readonly key: string;
}

/** The topic of an event with these attributes, which have been checked. */
export function topicOf(attributes: Attributes): Topic {
  const { type, action } = qualifiedTopic(textAt(attributes, 'type') ?? '', FORMAT.topic.lone);
  return {
    type: textAt(attributes, 'belfrytype') ?? type,
    action: textAt(attributes, 'belfryaction') ?? action,
    key: textAt(attributes, 'belfrykey') ?? textAt(attributes, 'subject') ?? '',
  };
}

/** What is wrong with a field of a CloudEvent, in words that follow its name. */
export function faultOf(name: string, value: Value): string | undefined {
  return FAULTS[FORMS.get(name) ?? FORMAT.others](value, name);
}

/** Whether values that stand in the metadata are attributes as {@link parse} puts them there. */
export function areAttributes(values: Attributes): boolean {
  const isThere = (name: string): boolean => Object.hasOwn(values, name);
  return (
    ['id', 'source', 'type'].every(isThere) &&
    Object.entries(values).every(([name, value]) =>
      name === IS_BASE64 ? value === true : !PLACED.has(name) && faultOf(name, value) === undefined,
    )
  );
}

/** @throws ProtocolError `event_invalid`, which names the attribute */
function parse(body: Body): NewEvent | undefined {
  if (!isFields(body)) return undefined;
  const fields = checked(body);
  const { time, principal, original, bytes } = {
    time: textAt(fields, 'time'),
    principal: textAt(fields, 'belfryprincipal'),
    original: textAt(fields, 'belfryoriginal'),
    bytes: textAt(fields, 'data_base64'),
  };
  const attributes = Object.entries(fields).filter(([name]) => !PLACED.has(name)) as [string, Json][];
  const topic = topicOf(Object.fromEntries(attributes));
  return {
    ...(time !== undefined && { time }),
    ...topic,
    ...(principal !== undefined && { principal }),
    object: bytes ?? fields['data'] ?? null,
    ...(original !== undefined && { original: readJson(original) }),
    metadata: {
      ...fieldsIn(textAt(fields, 'belfrymetadata')),
      ...textsAt(fields, ['traceparent', 'tracestate']),
      [ATTRIBUTES_IN]: {
        // The key says the same.
        ...Object.fromEntries(
          attributes.filter(([name, value]) => name !== 'subject' || value !== topic.key),
        ),
        ...(bytes !== undefined && { [IS_BASE64]: true }),
      },
    },
    repeatedAs: JSON.stringify([fields['source'], fields['id']]),
  };
}

/** The fields of an event that are not null. All but `data` are read. @throws ProtocolError `event_invalid` */
function checked(body: Fields): Fields {
  const fields: Record<string, Value> = {};
  for (const [name, written] of Object.entries(body)) {
    const value = name === FORMAT.object ? written : valueOf(written);
    if (value === null) continue;
    const fault = faultOf(name, value);
    if (fault !== undefined) throw invalid(`${name.slice(0, 100)} ${fault}`);
    fields[name] = value;
  }
  for (const name of NEEDED) if (!Object.hasOwn(fields, name)) throw invalid(`${name} is missing`);
  if (fields[FORMAT.object] !== undefined && fields[FORMAT.otherObject] !== undefined)
    throw invalid(`it has both ${FORMAT.object} and ${FORMAT.otherObject}`);
  return fields;
}

function textAt(fields: Fields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function textsAt(fields: Fields, names: readonly string[]): Attributes {
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = textAt(fields, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function fieldsIn(text: string | undefined): Attributes {
  const value = text === undefined ? undefined : readJson(text).value;
  return isJsonObject(value) ? value : {};
}

function invalid(why: string): ProtocolError {
  return new ProtocolError(
    'event_invalid',
    `Not a CloudEvent: ${why}. Expected specversion "${SPEC_VERSION}", id, source, type, and the optional attributes as CloudEvents ${SPEC_VERSION} defines them.`,
  );
}

const text = z.string();
const filled = text.min(1);

/** A CloudEvent in its JSON format. */
export const cloudEvent = z
  .object({
    specversion: z.enum([SPEC_VERSION]),
    id: filled.describe(
      'Of the same source no other event has it; an event that was seen before is a repetition',
    ),
    source: filled.describe('The URI of what the event comes from'),
    type: filled.describe(
      'Such as com.example.deploy.step, which becomes the type deploy and the action step',
    ),
    subject: filled.optional().describe('What it is about: the key of the event'),
    time: rfc3339.optional().describe('When it happened; if absent, the hub adds it'),
    datacontenttype: filled.optional().describe('The media type of the data; JSON if absent'),
    dataschema: filled.optional().describe('The URI of the schema of the data'),
    data: anyJson.optional().describe('The object of the event'),
    data_base64: text.optional().describe('The object of the event in base64, where it is bytes'),
    traceparent: text.optional().describe('The trace that the event belongs to, in W3C Trace Context'),
    tracestate: text.optional(),
    belfrytype: filled.optional().describe('The type of the event, where the attribute type does not say it'),
    belfryaction: filled
      .optional()
      .describe('The action of the event, where the attribute type does not say it'),
    belfrykey: text.optional().describe('The key of the event, where the subject is another'),
    belfryprincipal: text.optional().describe('Who caused it; the hub replaces it'),
    belfryid: text.optional().describe('The id of the event in the log of the hub'),
    belfryposition: text
      .optional()
      .describe('In a log of several shards, the position after the event, as since takes it'),
    belfryoriginal: text.optional().describe('The JSON of the thing before the change'),
    belfrymetadata: text.optional().describe('The JSON of the metadata that no attribute holds'),
  })
  .catchall(z.union([text, z.boolean(), z.int32()]));

/** How publishers write a CloudEvent. */
export const publishing: Publishing = {
  format: FORMAT,
  fields: 'specversion, id, source, type',
  schema: cloudEvent,
  parse,
};
