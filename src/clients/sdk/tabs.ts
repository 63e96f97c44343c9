import type { Gap } from './item.ts';
import type { Reply } from './link.ts';
import type { State } from './state.ts';

/** What the tab that leads tells the others: it speaks to the hub for all of them. */
export type FromLeader =
  /** `link` is the number of the link, which changes with each one that opens. */
  | { readonly kind: 'state'; readonly state: State; readonly link: number }
  | { readonly kind: 'beat' }
  /** It is hidden. A tab that is looked at takes over. */
  | { readonly kind: 'offer' }
  /** `isLive`: everything before this event was sent, to all. */
  | { readonly kind: 'event'; readonly text: string; readonly isLive: boolean }
  | { readonly kind: 'gap'; readonly to: string; readonly gap: Gap }
  | {
      readonly kind: 'answer';
      readonly to: string;
      readonly id: number;
      readonly error?: { readonly code: string; readonly message: string; readonly see: string | undefined };
      readonly reply?: Reply;
    };

/** What another tab tells the one that leads. */
export type ToLeader =
  | { readonly kind: 'hello'; readonly from: string }
  | { readonly kind: 'bye'; readonly from: string }
  | {
      readonly kind: 'command';
      readonly from: string;
      readonly id: number;
      readonly command: string;
      readonly fields: object;
    };

export type TabMessage = ToLeader | (FromLeader & { readonly leader: string });

/** The channel that all tabs of an origin hear, but for the one that speaks. */
export interface TabChannel {
  postMessage(message: TabMessage): void;
  addEventListener(name: 'message', tell: (message: { readonly data: TabMessage }) => void): void;
  close(): void;
}

/** The part of the Web Locks by which the tabs agree on one that leads. */
export interface TabLocks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    held: () => Promise<void>,
  ): Promise<void>;
}
