/** An event as a client hears it. */
export interface HubEvent<T = unknown> {
  readonly gap?: undefined;
  /** The position in the log. An event that is live only has none. */
  readonly id?: string;
  /** RFC 3339, as it was published. */
  readonly time: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly principal?: string;
  readonly object: T;
  readonly original?: T;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The JSON as it came. It holds whole numbers that JavaScript cannot. */
  readonly text: string;
}

/** Events may be missing between two positions of the log. */
export interface Gap {
  readonly from: string | null;
  readonly to: string | null;
  /** `slow`: events were left out because this client, or the code that reads from it, was slow. */
  readonly reason: 'trimmed' | 'log lost' | 'unknown cursor' | 'slow';
  /** How many events were left out, where that is known. */
  readonly dropped?: number;
}

export interface GapItem {
  readonly gap: Gap;
}

/** What a listener yields: an event, or the fact that some may be missing before the next one. */
export type Item<T = unknown> = HubEvent<T> | GapItem;
