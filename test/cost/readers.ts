import { DIALECTS } from '../../src/dialects/index.ts';
import { addressOf } from '../../src/gateway/http/client-address.ts';
import { cookieOf, credentialsOf } from '../../src/gateway/auth/credentials.ts';
import { offers } from '../../src/gateway/http/raw-answer.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { parseFilters } from '../../src/model/filter.ts';
import { readJson } from '../../src/model/json.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { isRfc3339 } from '../../src/model/time.ts';
import { parseQuery } from '../../src/registry/connection-query.ts';
import { hostileEvents, hostileFrames, hostileJson, hostileQueries, hostileTexts } from './inputs.ts';
import { parseEvent } from '../support/formats.ts';

/** A part of the hub that reads what clients send. */
export interface Reader {
  readonly name: string;
  /**
   * Who can reach the reader: anybody, with the bytes of a handshake, or a client that has signed in, with whole
   * frames and bodies.
   */
  readonly by: 'anybody' | 'signed in';
  /** Runs that read about this many bytes each. */
  readonly runs: (bytes: number) => readonly (() => unknown)[];
}

const STRANGER = new BelfryError('credentials_missing', 'none');
const SETTINGS = { nornAllowedOrigins: [], dorguInboundMaxBytes: 512, cloudeventsSource: '/belfry' };
const PARAMETERS = [
  'pattern',
  'filters',
  'since',
  'slow',
  'events',
  'batch_size',
  'level',
  'search',
  'appId',
  'token',
];
const FIELDS = ['Principal', 'RemoteAddr', 'CreateTime', 'UserAgent', 'sort', 'limit'];

const each = <Input>(inputs: readonly Input[], read: (input: Input) => unknown): (() => unknown)[] =>
  inputs.map((input) => () => read(input));

/** Every reader of the hub that a client can reach. */
export const READERS: readonly Reader[] = [
  ...DIALECTS.flatMap((dialect): Reader[] => [
    {
      name: `a frame of ${dialect.name}`,
      by: 'signed in',
      runs: (bytes) => each(hostileFrames(bytes), (frame) => dialect.decode(frame)),
    },
    {
      name: `a handshake of ${dialect.name}`,
      by: 'anybody',
      runs: (bytes) =>
        ['/ws', ...dialect.entryPoints.map(({ path }) => path)].flatMap((path) =>
          each(hostileQueries(bytes, PARAMETERS), (query) =>
            dialect.open({
              path,
              query,
              caller: STRANGER,
              now: 0,
              anonymous: true,
              settings: SETTINGS,
              retained: () => Promise.resolve([]),
            }),
          ),
        ),
    },
  ]),
  {
    name: 'an event in a body',
    by: 'signed in',
    runs: (bytes) => each(hostileEvents(bytes), (text) => parseEvent(readJson(text))),
  },
  {
    name: 'JSON',
    by: 'signed in',
    runs: (bytes) => each(hostileJson(bytes), (text) => readJson(text).value),
  },
  {
    name: 'a pattern',
    by: 'anybody',
    runs: (bytes) => each(hostileTexts(bytes), (text) => Pattern.parse(text)),
  },
  {
    name: 'filters',
    by: 'anybody',
    runs: (bytes) => each(hostileJson(bytes), (text) => parseFilters(readJson(text).value)),
  },
  { name: 'a time', by: 'anybody', runs: (bytes) => each(hostileTexts(bytes), (text) => isRfc3339(text)) },
  {
    name: 'a query of connections',
    by: 'signed in',
    runs: (bytes) =>
      each(hostileQueries(Math.min(bytes, 16_384), FIELDS), (query) => parseQuery(query, 'all')),
  },
  {
    name: 'credentials',
    by: 'anybody',
    runs: (bytes) =>
      hostileTexts(bytes).flatMap((text) => [
        () => credentialsOf({ authorization: `Basic ${text}`, query: new URLSearchParams() }),
        () => credentialsOf({ authorization: text, query: new URLSearchParams() }),
        () => credentialsOf({ protocols: text, query: new URLSearchParams() }),
        () => cookieOf(text, 'mist_token'),
      ]),
  },
  {
    name: 'headers of a handshake',
    by: 'anybody',
    runs: (bytes) =>
      hostileTexts(bytes).flatMap((text) => [
        () => offers(text, 'websocket'),
        () =>
          addressOf(
            { headers: { 'x-forwarded-for': text, forwarded: text }, socket: {} } as unknown as Parameters<
              typeof addressOf
            >[0],
            2,
          ),
      ]),
  },
];
