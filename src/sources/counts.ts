/** What became of events, as plain numbers. taken = published + refused + dropped + known + what waits. */
export interface Counts {
  taken: number;
  published: number;
  refused: number;
  dropped: number;
  /** Passed over, since the hub had them already. */
  known: number;
  /** Requests that were sent again. */
  repeated: number;
}

/** What waits in all queues of a source. */
export interface Waiting {
  events: number;
  bytes: number;
}
