import { ProtocolError } from './errors.ts';
import { ExactNumber } from './exact-number.ts';
import { readJson, type JsonText, type Value } from './json.ts';
import { isRfc3339 } from './time.ts';

/**
 * The forms of the attributes of a CloudEvent. `attribute` is any attribute that has no form of its own; `jsontext` and
 * `objecttext` are texts that hold the JSON of a value, and of an object.
 */
export type AttributeForm = 'version' | 'uri' | 'media' | 'bytes' | 'attribute' | 'jsontext' | 'objecttext';

const NAME = /^[a-z\d]+$/;
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const NO_URI = /[\0- <>"{}|\\^`\x7f]/;
const MEDIA = /^[^ \t/;]+\/[^ \t/;]+[ \t]*(?:;|$)/;
const BASE64 = /^[A-Za-z\d+/]*={0,2}$/;

type FaultOf = (value: Value, name: string) => string | undefined;

function filled(value: Value): string | undefined {
  if (typeof value !== 'string') return 'is not a string';
  return value === '' ? 'is empty' : undefined;
}

/** What is wrong with a text that is there and not empty, where the pattern says something against it. */
function textThat(fits: (text: string) => boolean, fault: string): FaultOf {
  return (value) => filled(value) ?? (fits(value as string) ? undefined : fault);
}

/**
 * What is wrong with a value of this form, in words that follow the name of its field; `undefined` if nothing is. The checks
 * of event-fields.lua say the same.
 */
export const FAULTS: Readonly<Record<AttributeForm | 'text' | 'filled' | 'time' | 'json', FaultOf>> = {
  text: (value) => (typeof value === 'string' ? undefined : 'is not a string'),
  filled,
  time: (value) => {
    if (typeof value !== 'string') return 'is not a string';
    return isRfc3339(value) ? undefined : 'is not a time in the format of RFC 3339';
  },
  json: () => undefined,
  version: textThat((text) => text === '1.0', 'is not 1.0'),
  uri: textThat((text) => !NO_URI.test(text), 'is not a URI'),
  media: textThat((text) => MEDIA.test(text), 'is not a media type'),
  bytes: (value) => {
    if (typeof value !== 'string') return 'is not a string';
    return value.length % 4 === 0 && BASE64.test(value) ? undefined : 'is not in base64';
  },
  attribute: (value, name) => {
    if (!NAME.test(name)) return 'is not a name of lower-case letters and digits';
    if (typeof value === 'string' || typeof value === 'boolean') return undefined;
    return isInt32(value) ? undefined : 'is not a string, a boolean or a whole number of 32 bits';
  },
  jsontext: (value) => faultOfJson(value, false),
  objecttext: (value) => faultOfJson(value, true),
};

function isInt32(value: Value): boolean {
  if (typeof value !== 'number' && !(value instanceof ExactNumber)) return false;
  const number = Number(String(value));
  return (number | 0) === number;
}

function faultOfJson(value: Value, isObject: boolean): string | undefined {
  if (typeof value !== 'string') return 'is not a string';
  const items = itemsIn(value);
  if (items?.length !== 1) return 'is not JSON';
  return isObject && items[0]?.isObject !== true ? 'is not the JSON of an object' : undefined;
}

/** The JSON is read as deep as it will stand in the event. */
function itemsIn(text: string): readonly JsonText[] | undefined {
  try {
    return readJson(`[${text}]`).items(2);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
