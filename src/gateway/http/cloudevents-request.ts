import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../../model/errors.ts';
import { keyOfHeader } from '../../model/idempotency.ts';
import { readJson, type Fields, type Value } from '../../model/json.ts';
import type { HttpRequest } from './exchange.ts';

/** How a request carries CloudEvents (HTTP Protocol Binding for CloudEvents 1.0, 3): `undefined` where it does not say so. */
export type CloudEventMode = 'structured' | 'batch' | 'binary';

const PREFIX = 'ce-';
const REQUIRED = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type'] as const;
const BATCH = /^application\/cloudevents-batch\+json[ \t]*(?:;|$)/i;
const STRUCTURED = /^application\/cloudevents\+json[ \t]*(?:;|$)/i;
/** The other formats of CloudEvents, such as Avro and XML. */
const OTHER = /^application\/cloudevents\b/i;
const JSON_TYPE = /^[^/]+\/(?:[^/;]+\+)?json[ \t]*(?:;|$)/i;
const TEXT_TYPE = /^(?:text\/|application\/(?:[^/;]+\+)?xml[ \t]*(?:;|$))/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)"?/i;
const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

export function cloudEventModeOf({ headers }: HttpRequest): CloudEventMode | undefined {
  const type = headers['content-type'] ?? '';
  if (STRUCTURED.test(type)) return 'structured';
  if (BATCH.test(type)) return 'batch';
  // One of them is enough, so that another one that is missing is missed, and the body not taken for another format.
  const isBinary = REQUIRED.some((name) => headers[name] !== undefined);
  return isBinary && !OTHER.test(type) ? 'binary' : undefined;
}

/**
 * The CloudEvent of a request in binary mode: its attributes are headers, its data is the body. JSON becomes the data as it
 * is, a text a string, and any other bytes are base64.
 * @throws ProtocolError `event_invalid`, which names the attribute, or `json_invalid`
 */
export function binaryCloudEvent({ rawHeaders, headers }: HttpRequest, body: Buffer): Fields {
  const fields: Record<string, Value> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at]?.toLowerCase() ?? '';
    if (!header.startsWith(PREFIX)) continue;
    const name = header.slice(PREFIX.length);
    if (NO_ATTRIBUTES.has(name))
      throw invalid(header, 'is no attribute in binary mode, since the body and its Content-Type say it');
    if (Object.hasOwn(fields, name)) throw invalid(header, 'stands there twice');
    fields[name] = attributeIn(header, rawHeaders[at + 1] ?? '');
  }
  const type = headers['content-type'];
  return { ...fields, ...(type !== undefined && { datacontenttype: type }), ...dataOf(type ?? '', body) };
}

const NO_ATTRIBUTES: ReadonlySet<string> = new Set(['datacontenttype', 'data', 'data_base64']);

function dataOf(type: string, body: Buffer): Fields {
  if (body.length === 0) return {};
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  if (UTF8.has(charset) && JSON_TYPE.test(type)) return { data: readJson(body) };
  const text = TEXT_TYPE.test(type) ? textIn(charset, body) : undefined;
  return text === undefined ? { data_base64: body.toString('base64') } : { data: text };
}

/** The text that some bytes are in a character set, or `undefined` where they are none or the set is not known. */
function textIn(charset: string, body: Buffer): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** The value of a header, as 3.1.3.2 of the binding decodes it. A percent sign that begins no two digits stands for itself. */
function attributeIn(header: string, written: string): string {
  const quoted = /^"(.*)"$/s.exec(written)?.[1];
  const text = keyOfHeader(quoted === undefined ? written : quoted.replaceAll(/\\(.)/gs, '$1'));
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (encoded) => {
    const bytes = Buffer.from(encoded.replaceAll('%', ''), 'hex');
    if (isUtf8(bytes)) return bytes.toString();
    throw invalid(header, 'is percent-encoded, but not in UTF-8');
  });
}

function invalid(header: string, why: string): ProtocolError {
  return new ProtocolError(
    'event_invalid',
    `Not a CloudEvent: the header ${header.slice(0, 100)} ${why}. Expected the attributes as headers ce-<name>, and the data as the body.`,
  );
}
