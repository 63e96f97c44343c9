import type { IncomingMessage } from 'node:http';
import express, { type Request } from 'express';
import { BelfryError } from '../../model/errors.ts';
import { bound } from '../../model/bound.ts';
import { byNode, type HttpRequest, type HttpResponse } from './exchange.ts';
import { PlainRequest } from './plain-request.ts';

/** A list of events may be larger than one event may. */
const BODY_PER_EVENT = bound(
  'size of a request body, in events of the largest size',
  8,
  'entries',
  'it is refused with event_too_big',
);

/** The media type `type/subtype`, before any parameters. */
const MEDIA_TYPE = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)\s*(?:;|$)/;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)"?/i;

/** The media types of JSON: its own names, and every type that ends in `+json`. */
const JSON_TYPE = /^(?:application|text)\/(?:[\w!#$&^.-]+\+)?json$/;
const NO_BODY = Buffer.alloc(0);
/** As nearly every publisher writes it. */
const USUAL_TYPE = 'application/json';
const CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

/**
 * Reads the body as bytes, if its type is JSON or `isOfAnyType` says that it may have any. The body may be compressed with gzip, deflate or br; the limit applies
 * to the bytes after decompression.
 */
export function jsonBody(
  eventMaxBytes: number,
): (request: HttpRequest, response: HttpResponse, isOfAnyType?: boolean) => Buffer | Promise<Buffer> {
  const limit = eventMaxBytes * BODY_PER_EVENT;
  const read = express.raw({ type: () => true, limit });
  return (request, response, isOfAnyType = false) => {
    if (!isOfAnyType) checkContentType(request.headers['content-type'] ?? '');
    // Express would refuse such a body only after it has read all of it.
    if (Number(request.headers['content-length']) > limit) throw tooBig();
    if (request instanceof PlainRequest) return request.body;
    const { headers } = request;
    // The meaning of the header is in RFC 9110, 8.4.1.3.
    if (headers['content-encoding']?.toLowerCase() === 'x-gzip') headers['content-encoding'] = 'gzip';
    if (headers.expect !== undefined) byNode(response).writeContinue();
    if (isOfKnownLength(headers)) return wholeBody(request);
    return new Promise((resolve, reject) => {
      read(request, byNode(response), (error?: unknown) => {
        const body: unknown = (request as Request).body;
        if (error) reject(error);
        else resolve(Buffer.isBuffer(body) ? body : NO_BODY);
      });
    });
  };
}

/** Whether the bytes of the body are those that arrive, as many as were announced. */
function isOfKnownLength(headers: IncomingMessage['headers']): boolean {
  const { 'content-length': length, 'content-encoding': coded, 'transfer-encoding': parts } = headers;
  return length !== undefined && coded === undefined && parts === undefined;
}

/** A body that is being received. */
interface Awaited {
  readonly request: IncomingMessage;
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: BelfryError) => void;
}

/** The bodies of the requests of which this turn of the event loop has read the head. */
let awaited: Awaited[] = [];

/**
 * The parser of HTTP gives exactly the length that was announced, which is within the limit. So nothing is left to check,
 * and the body reader of express is not needed. A short body arrives with its head; at the end of the turn it is there as
 * a whole, and takes no listeners.
 */
function wholeBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (awaited.push({ request, resolve, reject }) === 1) setImmediate(takeAll);
  });
}

function takeAll(): void {
  const all = awaited;
  awaited = [];
  for (const each of all) {
    if (each.request.complete) each.resolve((each.request.read() as Buffer | null) ?? NO_BODY);
    else collect(each);
  }
}

function collect({ request, resolve, reject }: Awaited): void {
  const parts: Buffer[] = [];
  const aborted = (): void => reject(unreadable('request aborted'));
  if (request.destroyed) return aborted();
  request.on('data', (part: Buffer) => void parts.push(part));
  request.once('end', () => resolve(Buffer.concat(parts)));
  request.once('error', aborted);
}

function checkContentType(given: string): void {
  if (given === USUAL_TYPE) return;
  const type = MEDIA_TYPE.exec(given)?.[1]?.toLowerCase() ?? '';
  const charset = CHARSET.exec(given)?.[1]?.toLowerCase() ?? 'utf-8';
  if (JSON_TYPE.test(type) && CHARSETS.has(charset)) return;
  throw new BelfryError(
    'content_type_invalid',
    `Invalid content type: ${given.slice(0, 100)}. Expected application/json in UTF-8.`,
  );
}

/** The error of this project for an error of express or its body reader. */
export function bodyFault(fault: Error & { readonly status: unknown }): BelfryError | undefined {
  switch (fault.status) {
    case 404:
      return new BelfryError('not_found', 'No route');
    case 413:
      return tooBig();
    case 415:
      return new BelfryError(
        'encoding_unsupported',
        'The Content-Encoding cannot be read. Expected none, gzip, deflate or br.',
      );
    default:
      if (typeof fault.status !== 'number' || fault.status >= 500) return undefined;
      return unreadable(fault.message);
  }
}

function tooBig(): BelfryError {
  return new BelfryError(
    'event_too_big',
    'The request body is too large. Expected smaller lists, or events within BELFRY_EVENT_MAX_BYTES.',
  );
}

function unreadable(why: string): BelfryError {
  return new BelfryError('request_invalid', `The request cannot be read: ${why}.`);
}
