/** Where a trace stands, as W3C Trace Context says it in `traceparent`. */
export interface TraceContext {
  readonly traceId: string;
  /** Of whoever comes next it is the parent. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Follows one sampled event through a node. */
export interface Trace {
  /** A cohort of so many has taken it, and will hand it out. */
  taken(connections: number): void;
  /** A cohort has handed it to so many. */
  flushed(connections: number): void;
}

/** Version, trace, parent, flags. Versions to come may say more after that. */
const FORM = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const NO_ID = /^0+$/;

/** `undefined` for anything that is none: it is then as if it were not there (W3C Trace Context, 3.2.2 and 4.3). */
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
