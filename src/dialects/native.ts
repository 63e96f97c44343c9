/**
 * The native dialect is Belfry's own protocol. This page has all that an implementation needs.
 *
 * A client opens `/native/ws` on any listener. It sends its token in `Authorization: Bearer`, in `?token=` or in its
 * first command. A page in a browser may also name the subprotocols `belfry.v1` and `belfry.token.<token>`; the hub
 * answers with the first of them. `?pattern=` (repeatable) and `?since=` subscribe at once. Every frame is one JSON
 * object in a text frame.
 *
 * Every command has an `id` (string or number) of the client's choice:
 * ```
 * {"id":1,"command":"subscribe","patterns":["profiles.*.*"],"filters":{"object.status":["Running"]},"since":"1737-0"}
 * {"id":2,"command":"unsubscribe","patterns":["profiles.*.*"]}
 * {"id":3,"command":"publish","events":[{"type":"profiles","action":"save","key":"global","object":{}}]}  (1 to 256, any format)
 * {"id":4,"command":"auth","token":"…"}
 * {"id":5,"command":"ping"}
 * ```
 * Everything the hub sends is an event
 * `{"id"?,"time","type","action","key","principal"?,"object","original"?,"metadata"?}`. `id` is the cursor to resume
 * from. Events of the type `belfry` are the hub's own:
 * - `belfry.<command>.<id>` is the reply to a command: `{patterns, cursor}` to `subscribe`, `{patterns}` to
 *   `unsubscribe`, `{ids}` to `publish`, `{principal, expiresAt}` to `auth`, `{cursor}` to `ping`. The reply to a
 *   `subscribe` comes before the first event that it admits.
 * - `belfry.error.<id>` refuses a command: `{command, code, message, see}`. The connection stays open. This error may
 *   also follow the reply to a `subscribe` with `since`, if the hub then cannot read the log; that subscription has
 *   not begun.
 * - `belfry.gap.<cursor>` says that events after this cursor may be missing: `{from, to, reason}`. With the reason
 *   `slow`, the field `dropped` says how many are missing. The hub left them out while the client was slow, because
 *   the `subscribe` of the client named such a policy in `slow`. The default, `"close"`, would have closed the
 *   connection.
 */
import type { z } from 'zod';
import { bound } from '../model/bound.ts';
import { BelfryError, ProtocolError } from '../model/errors.ts';
import { heardJson } from '../model/event.ts';
import { parseFilters, type Filter } from '../model/filter.ts';
import { isFields, JsonText, readJson } from '../model/json.ts';
import { Pattern } from '../model/pattern.ts';
import { ANONYMOUS } from '../model/principal.ts';
import { parsePosition } from '../model/resume-position.ts';
import { SLOW_POLICY_NAMES, type SlowPolicyName } from '../model/slow-policies/index.ts';
import {
  HEARTBEAT,
  Refusal,
  type Command,
  type Dialect,
  type Session,
  type OpenRequest,
  type Subscription,
} from './dialect.ts';
import { CLOUDEVENTS } from './cloudevents.ts';
import { cloudEventsOf } from './cloudevents-encoding.ts';
import { explain, publishing } from './native-event.ts';
import { ENTRY_POINT, MAX_EVENTS, MAX_ID_LENGTH, MAX_PATTERNS, nativeCommand } from './native-messages.ts';
import { anyNumber } from './shapes.ts';

const AUTH_WITHIN_MS = bound(
  'time for the command auth of a native socket',
  10_000,
  'ms',
  'the socket is closed with 1013',
);
export const native: Dialect = {
  name: 'native',
  entryPoints: [ENTRY_POINT],
  publishing,
  subprotocols: ['belfry.v1', 'json'],

  open({ query, caller, settings }: OpenRequest): Session {
    const anonymous = caller instanceof BelfryError && caller.code === 'credentials_missing';
    // Bad credentials are answered with 401. A failure of the hub itself keeps its own status.
    if (caller instanceof BelfryError && !anonymous)
      throw refusal(caller.status === 403 ? 401 : caller.status, caller);
    try {
      const since = query.get('since');
      const isOfCloudEvents = wantsCloudEvents(query);
      return {
        identity: anonymous ? ANONYMOUS : (caller as Exclude<typeof caller, BelfryError>),
        subscriptions: subscriptionsIn(query),
        heartbeat: HEARTBEAT,
        ...(since !== null && { replay: parsePosition(since) }),
        ...(anonymous && { authWithinMs: AUTH_WITHIN_MS }),
        ...(isOfCloudEvents && { encoding: cloudEventsOf(settings.cloudeventsSource) }),
      };
    } catch (error) {
      if (error instanceof BelfryError) throw refusal(error.status, error);
      throw error;
    }
  },

  decode(frame: string): Command {
    const body = commandIn(frame);
    const parsed = nativeCommand.safeParse(body);
    if (!parsed.success)
      throw new ProtocolError('command_invalid', explain('command', COMMAND_FORM, parsed.error), {
        ref: refOf(body),
      });
    try {
      return toCommand(parsed.data);
    } catch (error) {
      if (error instanceof ProtocolError)
        throw new ProtocolError(error.code, error.message, { ref: parsed.data.id });
      throw error;
    }
  },

  encode: heardJson,
};

/** The command, whose events are not read yet. @throws ProtocolError `json_invalid` */
function commandIn(frame: string): object | null {
  const { fields } = readJson(frame);
  if (fields === undefined) return null;
  const { events, patterns: asked } = fields;
  return {
    ...fields,
    // Of a list that is too long, only as many items are read as prove that.
    ...(Array.isArray(asked) && { patterns: asked.slice(0, MAX_PATTERNS + 1) }),
    ...(events instanceof JsonText && { events: events.items(MAX_EVENTS + 1) ?? null }),
  };
}

/** All subscriptions without filters share this list. */
const NO_FILTERS: readonly Filter[] = [];

function toCommand(command: z.infer<typeof nativeCommand>): Command {
  const ref = command.id;
  switch (command.command) {
    case 'subscribe': {
      const filters = command.filters == null ? NO_FILTERS : parseFilters(command.filters);
      const subscriptions = command.patterns.map((text) => subscription(text, filters, command.slow));
      return {
        kind: 'subscribe',
        ref,
        subscriptions,
        ...(command.since !== undefined && { replay: parsePosition(command.since) }),
      };
    }
    case 'unsubscribe':
      return { kind: 'unsubscribe', ref, names: command.patterns };
    case 'publish':
      return {
        kind: 'publish',
        ref,
        events: command.events,
        idempotencyKey: command.idempotencyKey,
        ...(command.lease && { fence: { lease: command.lease.name, fence: command.lease.fence } }),
      };
    case 'auth':
      return { kind: 'auth', ref, token: command.token };
    case 'ping':
      return { kind: 'ping', ref };
  }
}

function subscription(text: string, filters: readonly Filter[], slow?: SlowPolicyName): Subscription {
  const pattern = Pattern.parse(text);
  // The text may be a part of the whole handshake, which it would keep in memory. That of the pattern is its own.
  return { name: pattern.text, pattern, filters, ...(slow && { slow }) };
}

function isSlowPolicy(text: string): text is SlowPolicyName {
  return SLOW_POLICY_NAMES.some((policy) => policy === text);
}

/** The subscriptions that the query of a URL asks for. @throws ProtocolError */
export function subscriptionsIn(query: URLSearchParams): Subscription[] {
  const written = query.get('filters');
  const filters = written === null ? NO_FILTERS : parseFilters(readJson(written).value);
  const slow = query.get('slow') ?? undefined;
  if (slow !== undefined && !isSlowPolicy(slow)) {
    throw new ProtocolError(
      'parameter_invalid',
      `There is no slow policy "${slow.slice(0, 50)}". Expected one of ${SLOW_POLICY_NAMES.join(', ')}.`,
    );
  }
  const asked = query.getAll('pattern');
  if (asked.length > MAX_PATTERNS) {
    throw new ProtocolError(
      'subscriptions_exceeded',
      `The query holds ${asked.length} patterns. Expected at most ${MAX_PATTERNS}, and more by the command subscribe.`,
    );
  }
  return asked.map((text) => subscription(text, filters, slow));
}

/** Whether the query of a URL asks for CloudEvents. @throws ProtocolError `parameter_invalid` */
function wantsCloudEvents(query: URLSearchParams): boolean {
  const as = query.get('as');
  if (as === null || as === CLOUDEVENTS) return as !== null;
  throw new ProtocolError(
    'parameter_invalid',
    `There is no encoding "${as.slice(0, 50)}". Expected ${CLOUDEVENTS}, or no parameter as.`,
  );
}

function refOf(body: unknown): string {
  const id = isFields(body) ? body['id'] : undefined;
  const { data = typeof id === 'string' ? id : '' } = anyNumber.safeParse(id);
  return String(data).slice(0, MAX_ID_LENGTH);
}

const COMMAND_FORM = '{id?, command} with the command subscribe, unsubscribe, publish, auth or ping';

function refusal(status: number, error: BelfryError): Refusal {
  const { code, message, see, retryAfterS } = error;
  const headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' };
  if (retryAfterS !== undefined) headers['Retry-After'] = `${retryAfterS}`;
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="belfry"';
  return new Refusal(status, headers, JSON.stringify({ code, message, see }));
}
