import type { Gap } from './item.ts';
import type { Reply } from './link.ts';
import type { State } from './state.ts';

/** The messages of the leader to the other tabs. */
export type FromLeader =
  /** The state of the connection. `link` is the number of the link, which is another one after each reconnect. */
  | { readonly kind: 'state'; readonly state: State; readonly link: number }
  | { readonly kind: 'beat' }
  /** The leader is hidden, and a visible tab may become the leader. */
  | { readonly kind: 'offer' }
  /** `isLive`: all events before this one were already sent to all tabs. */
  | { readonly kind: 'event'; readonly text: string; readonly isLive: boolean }
  | { readonly kind: 'gap'; readonly to: string; readonly gap: Gap }
  | {
      readonly kind: 'answer';
      readonly to: string;
      readonly id: number;
      readonly error?: { readonly code: string; readonly message: string; readonly see: string | undefined };
      readonly reply?: Reply;
    };

/** The messages of another tab to the leader. */
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

/** The channel between the tabs of an origin. All tabs receive a message but the one that sent it. */
export interface TabChannel {
  postMessage(message: TabMessage): void;
  addEventListener(name: 'message', tell: (message: { readonly data: TabMessage }) => void): void;
  close(): void;
}

/** The part of Web Locks with which the tabs choose a leader. */
export interface TabLocks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    held: () => Promise<void>,
  ): Promise<void>;
}
