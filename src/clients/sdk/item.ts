/** An event as a client receives it. */
export interface HubEvent<T = unknown> {
  readonly gap?: undefined;
  /** Its place in the log. A live-only event has none. */
  readonly id?: string;
  /** Where to go on after it, if the log has several shards. Otherwise that is the id. */
  readonly position?: string;
  /** The time as it was published, as RFC 3339. */
  readonly time: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly principal?: string;
  readonly object: T;
  readonly original?: T;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The JSON as it arrived. It may hold whole numbers that are too large for JavaScript. */
  readonly text: string;
}

/** Where to go on after an event. */
export function positionAfter({ id, position = id }: Pick<HubEvent, 'id' | 'position'>): string | undefined {
  return position;
}

/** Events may be missing between two positions of the log. */
export interface Gap {
  readonly from: string | null;
  readonly to: string | null;
  /** `slow`: events were left out because this client, or the code that reads from it, was slow. */
  readonly reason: 'trimmed' | 'log lost' | 'unknown cursor' | 'slow';
  /** How many events were left out, if that is known. */
  readonly dropped?: number;
}

export interface GapItem {
  readonly gap: Gap;
}

/** The items of a listener: an event, or a gap, which says that events may be missing before the next one. */
export type Item<T = unknown> = HubEvent<T> | GapItem;
