import type { ClientForm } from './client-form.ts';
import type { Subject } from './subject.ts';

/** What a check needs beyond a socket. Where it is not given, the check is skipped and says so. */
export type Need =
  /** A way to cause an event. */
  | 'publish'
  /** Credentials that the server accepts. */
  | 'token'
  /** The secret of the server's tokens, so that tokens with other roles and ends can be made. */
  | 'secret'
  /** An origin that the server's settings name. */
  | 'origin'
  /** Permission to do what others may notice: many connections, many events, a stream that is not the check's own. */
  | 'limits'
  /** Up to 75 s, since it waits for a timeout of the document. */
  | 'time';

/** One sentence of a document, and how a server is asked whether it holds. */
export interface Check {
  /** Words in lower-case letters with dashes, unique in the dialect. */
  readonly name: string;
  /** What the document promises, in our own words. */
  readonly says: string;
  /** Where it promises that: the document and its section, or the facts of the real servers and clients. */
  readonly place: string;
  readonly needs?: readonly Need[];
  /**
   * Resolves when the promise holds, with a remark where there is something to say.
   * @throws Failed, or Skipped where this server has nothing to check
   */
  run(subject: Subject): Promise<string | void>;
}

/** The checks of one dialect. */
export interface Suite extends ClientForm {
  readonly dialect: string;
  /** The name of the system, as its own people write it. */
  readonly system: string;
  /** Paths at which the system itself has its sockets. A `/ws` may stand under the name of the dialect. */
  readonly paths: readonly string[];
  /** What every frame is that the server sends, whoever caused it, and where the document says so. */
  readonly frames: {
    readonly says: string;
    readonly place: string;
    /** What is wrong with the text of a frame, or `undefined`. */
    readonly faultOf: (text: string, path: string) => string | undefined;
  };
  /** Opens what shows events of others, for as long as the user wants to watch them. */
  readonly observe: (subject: Subject) => Promise<unknown>;
  readonly checks: readonly Check[];
}
