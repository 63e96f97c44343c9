/** What the hub needs of a socket, whatever carries it. */
export interface Transport {
  /** Finished frames; never waits, never throws. */
  write(bytes: Buffer): void;
  /** More bytes wait in the socket than it wants to hold. */
  readonly full: boolean;
  /** Calls back once, when a full socket has sent what it held. */
  onceDrained(run: () => void): void;
  /** Says why, and ends. What was written before still goes out first. */
  close(code: number, reason: string): void;
}
