/** The errors of the client itself, for which the hub has no code. */
export type ClientErrorCode = 'offline' | 'closed' | 'queue_full' | 'schema_invalid' | 'refused' | 'lost';

/** A refusal of the hub, with its code, or a fault of the connection. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** A code of the hub, such as `forbidden`, or one of {@link ClientErrorCode}. */
  readonly code: string;
  /** The page of the hub's documentation that explains the code. */
  readonly see: string | undefined;
  /** The key under which the same publish can be repeated without happening twice. */
  readonly idempotencyKey: string | undefined;
  /** The close code, if the hub closed the connection for good. */
  readonly closeCode: number | undefined;

  constructor(
    code: string,
    message: string,
    more: ErrorOptions & {
      readonly see?: string | undefined;
      readonly idempotencyKey?: string | undefined;
      readonly closeCode?: number;
    } = {},
  ) {
    super(message, more);
    this.code = code;
    this.see = more.see;
    this.idempotencyKey = more.idempotencyKey;
    this.closeCode = more.closeCode;
  }
}

/** The error where the connection was closed for good: by the hub, which would close the next one as well, or by `close()`. */
export function closedBy(reason?: { readonly code: number; readonly text: string }): HubError {
  if (reason === undefined) return new HubError('closed', 'The client was closed.');
  const { code, text } = reason;
  return new HubError('closed', `The hub closed the connection with ${code}: ${text}`, { closeCode: code });
}

/** As which close code a refusal to begin counts. */
export function closeCodeOf({ code }: HubError): number {
  if (/^(token_invalid|session_ended|credentials_)/.test(code)) return 4001;
  return /^(origin_)?forbidden$/.test(code) ? 4003 : 1013;
}
