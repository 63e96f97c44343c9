export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** An event that a check causes. */
export interface Caused {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object: unknown;
  readonly metadata?: object;
}

/** How clients and publishers of a system write what every system has. */
export interface ClientForm {
  /** How the credentials travel. */
  readonly credentials: (token: string) => Credentials;
  /** An event as publishers write it. */
  readonly event: (event: Caused) => object;
}
