/**
 * Every error that users of the hub can meet: a stable code, its HTTP status, and a title. The documentation explains
 * each; a test compares the table there with this one.
 */
export const ERRORS = {
  json_invalid: {
    status: 400,
    title:
      'The text is not JSON, not UTF-8, nested too deep, or holds __proto__ or half of a surrogate pair.',
  },
  event_invalid: {
    status: 422,
    title: 'The JSON is not an event in any known format, or a field has the wrong type.',
  },
  event_too_big: { status: 413, title: 'The event is larger than the limit.' },
  type_reserved: { status: 422, title: 'The event type is reserved for the hub itself.' },
  pattern_invalid: { status: 422, title: 'A pattern is not type.action.key, or expands to too many topics.' },
  subscriptions_exceeded: {
    status: 422,
    title: 'The connection would have more subscriptions than it may have.',
  },
  filter_invalid: {
    status: 422,
    title:
      'A filter is not the path of a field that events have with a value or a list of values, or there are more than 50.',
  },
  command_invalid: { status: 400, title: 'The frame is not a command of this dialect.' },
  cursor_invalid: { status: 400, title: 'The cursor was not made by this hub.' },
  dialect_unknown: { status: 400, title: 'There is no dialect with that name.' },
  content_type_invalid: { status: 400, title: 'The request body is not announced as JSON.' },
  encoding_unsupported: { status: 415, title: 'The body is compressed in a way that the hub does not read.' },
  ttl_invalid: { status: 400, title: 'The token lifetime is not a positive whole number of seconds.' },
  time_invalid: { status: 400, title: 'A time is not in the format of RFC 3339.' },
  idempotency_key_invalid: { status: 400, title: 'The idempotency key is empty or too long.' },
  request_invalid: { status: 400, title: 'The input is not a request of HTTP/1.1, or it came too slowly.' },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key was used for other events. Nothing was accepted.',
  },
  lease_held: { status: 409, title: 'Another holder has the lease.' },
  lease_lost: {
    status: 409,
    title: 'The lease is not held under the fence that the publish names. Nothing was accepted.',
  },
  reshard_refused: { status: 409, title: 'The hub cannot be divided into these shards now.' },
  parameter_invalid: { status: 400, title: 'A parameter of the request cannot be used.' },
  handshake_invalid: { status: 400, title: 'A parameter of the handshake cannot be used.' },
  credentials_missing: { status: 401, title: 'The request has no token and no password.' },
  credentials_malformed: { status: 401, title: 'The Authorization header cannot be read.' },
  password_wrong: { status: 403, title: 'The user is unknown or the password is wrong.' },
  token_invalid: {
    status: 403,
    title: 'The token is not valid, has expired, or was signed by somebody else.',
  },
  session_ended: { status: 403, title: 'The sign-in is too long ago for its token to be renewed.' },
  forbidden: { status: 403, title: 'The principal holds no grant for this.' },
  origin_forbidden: { status: 403, title: 'The Origin of the page is not allowed.' },
  not_found: { status: 404, title: 'There is nothing at this path.' },
  method_not_allowed: { status: 405, title: 'The path exists, but does not have this method.' },
  not_acceptable: { status: 406, title: 'The client accepts no JSON, or a filter names an unknown field.' },
  handshakes_exceeded: { status: 429, title: 'The address made more handshakes in a minute than it may.' },
  attempts_exceeded: {
    status: 429,
    title: 'Too many wrong passwords were tried for this name or from this address.',
  },
  limit_reached: {
    status: 503,
    title:
      'The node, the principal or the address holds as many connections as it may, or the hub as many revocations or leases.',
  },
  unavailable: {
    status: 503,
    title: 'Something that the hub needs cannot be reached now. Nothing was accepted.',
  },
  reads_exceeded: { status: 429, title: 'The caller or the node has too many costly reads under way.' },
  outcome_unknown: {
    status: 503,
    title:
      'It is unknown whether the request was accepted. A repetition under the given key publishes only once.',
  },
  delivery_failed: {
    status: 502,
    title: 'A sink gave up an event, since its receiver did not accept it in time.',
  },
  signing_unavailable: {
    status: 501,
    title: 'This node verifies tokens but holds no secret to make them with.',
  },
  config_invalid: { status: 500, title: 'A setting is unknown or has a wrong value.' },
  internal: { status: 500, title: 'The hub has a fault. The log of the node has the details.' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

/**
 * Where the code is explained: a path on whichever node refused. Whether a client came by TLS and under which name, a node
 * behind a proxy cannot know, and the client does.
 */
export function seeOf(code: ErrorCode): string {
  return `/docs/reference/errors#${code}`;
}

/** Which limit of connections was reached, for the metrics. */
export const LIMITS = [
  'connections_max',
  'reserved_share',
  'per_principal',
  'per_address',
  'draining',
] as const;

export type Limit = (typeof LIMITS)[number];

/** A refusal: `message` says what was wrong and what was expected, `see` where to read more. */
export class BelfryError extends Error {
  override readonly name: string = 'BelfryError';
  readonly code: ErrorCode;
  /** The key under which the request can be repeated without happening twice, where its outcome is unknown. */
  readonly idempotencyKey: string | undefined;
  /** Which limit was reached, for `limit_reached` of connections. */
  readonly limit: Limit | undefined;
  readonly #retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: ErrorOptions & {
      readonly retryAfterS?: number;
      readonly idempotencyKey?: string | undefined;
      readonly limit?: Limit;
    },
  ) {
    super(message, options);
    this.code = code;
    this.idempotencyKey = options?.idempotencyKey;
    this.limit = options?.limit;
    this.#retryAfterS = options?.retryAfterS;
  }

  /** After how many seconds the request may be repeated, where a repetition makes sense. */
  get retryAfterS(): number | undefined {
    return this.#retryAfterS ?? (this.status === 503 || this.status === 429 ? 1 : undefined);
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get see(): string {
    return seeOf(this.code);
  }
}

/** A frame or body that a dialect cannot read. The only thing that `decode` and `parse` throw. */
export class ProtocolError extends BelfryError {
  override readonly name = 'ProtocolError';
  /** The reference of the client's command that this answers, where it could be read. */
  readonly ref: string;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { ref?: string }) {
    super(code, message, options);
    this.ref = options?.ref ?? '';
  }
}

/**
 * Turns any thrown value into a {@link BelfryError}. An unexpected one becomes `internal`, with its cause kept for
 * the log.
 */
export function asBelfryError(thrown: unknown): BelfryError {
  if (thrown instanceof BelfryError) return thrown;
  return new BelfryError('internal', 'The hub failed on this; its log has the details.', { cause: thrown });
}
