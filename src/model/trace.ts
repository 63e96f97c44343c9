/** The position within a trace, as `traceparent` of W3C Trace Context carries it. */
export interface TraceContext {
  readonly traceId: string;
  /** The parent of the next span. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Records the way of one sampled event through a node. */
export interface Trace {
  /** A cohort of this many connections has taken the event, and will deliver it. */
  taken(connections: number): void;
  /** A cohort has delivered the event to this many connections. */
  flushed(connections: number): void;
}

/** Version, trace, parent, flags. Later versions may append more. */
const FORM = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const NO_ID = /^0+$/;

/**
 * Parses a `traceparent`; `undefined` when it is invalid, which then counts as absent (W3C Trace Context, 3.2.2 and
 * 4.3).
 */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] =
    (typeof text === 'string' && FORM.exec(text)) || [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (NO_ID.test(traceId) || NO_ID.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparentOf({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
