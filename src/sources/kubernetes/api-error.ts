/** The reason of an error where nothing came for too long. It is no reason of Kubernetes. */
export const SILENCE = 'Silence';

/** How an API server, or the way to it, failed. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  /** The word of Kubernetes for it, such as `Expired`. */
  readonly reason: string;
  /** How long the server wants no further request, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, { status = 0, reason = '', retryAfterMs = 0, cause }: ApiErrorParts = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  /**
   * Whether the server does not know the version that was asked for, so that everything must be listed again. It has
   * forgotten the version, or its database was restored from a backup that is older than the version.
   */
  get isUnknownVersion(): boolean {
    return (
      this.status === 410 ||
      this.reason === 'Expired' ||
      this.reason === 'Gone' ||
      /too large resource version/i.test(this.message)
    );
  }
}

interface ApiErrorParts {
  readonly status?: number;
  readonly reason?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** What Kubernetes answers to a request that failed, and sends as the object of an ERROR within a watch. */
export interface Status {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

const EXPECTED: Readonly<Record<number, string>> = {
  401: 'Expected credentials that the API server accepts: the token of a service account, or those of a kubeconfig',
  403: 'Expected a ClusterRole (or a Role and --namespace) that permits get, list and watch of this resource',
  404: 'Expected a resource that this API server serves; its custom resource definition may not be installed yet',
  406: 'Expected a Kubernetes API server',
  429: 'Expected a free place in its queues (API Priority and Fairness)',
};

/** The error of an answer. `what` names what was asked, such as `list of clusterpersonas.dorgu.io`. */
export function refusalOf(what: string, httpStatus: number, text: string, retryAfter?: string): ApiError {
  const { code = httpStatus, reason = '', message = '', details } = statusOf(text);
  const seconds = Number(retryAfter ?? details?.retryAfterSeconds ?? 0);
  const said = message || reason || 'without a reason';
  const expected = EXPECTED[code] === undefined ? '' : ` ${EXPECTED[code]}.`;
  return new ApiError(`The API server refused the ${what} with ${code}: ${said}.${expected}`, {
    status: code,
    reason,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : 0,
  });
}

/** A proxy in between answers with pages of its own. */
function statusOf(text: string): Status {
  try {
    const status = JSON.parse(text) as Status | null;
    if (typeof status === 'object' && status !== null) return status;
  } catch {
    // It is no answer of Kubernetes.
  }
  return { message: text.trim().slice(0, 200) };
}
