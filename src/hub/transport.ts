/** The part of a socket or of an event stream that the hub needs. */
export interface Transport {
  /** Writes finished frames. It never waits and never throws. */
  write(bytes: Buffer): void;
  /** Whether more bytes wait in the socket than it wants to hold. */
  readonly full: boolean;
  /** Calls `run` once, when a full socket has sent what it held. */
  onceDrained(run: () => void): void;
  /** Tells the client the reason, and closes the socket. What was written before is sent first. */
  close(code: number, reason: string): void;
}
