/** Why a delivery is not accepted, as its sender is told. */
export class Refusal extends Error {
  readonly status: number;
  /** After how many seconds the sender may try again, where that can help. */
  readonly retryAfterS: number | undefined;

  constructor(
    status: number,
    message: string,
    options: ErrorOptions & { readonly retryAfterS?: number } = {},
  ) {
    super(message, options);
    this.status = status;
    this.retryAfterS = options.retryAfterS;
  }
}
