/** The name of a listener that serves metrics and health, and nothing else. */
export const METRICS = 'metrics';

/** An address to listen on, and the dialect that `/ws` speaks there. */
export interface ListenerSpec {
  readonly host?: string;
  /** With 0 the operating system chooses a free port. */
  readonly port: number;
  readonly dialect: string;
  readonly tls: boolean;
}

export interface Listening extends ListenerSpec {
  /** The URL, such as `http://localhost:8800`. */
  readonly url: string;
}
