import { randomId } from '../../../sdk/random-id.ts';

/** What is about to be published. */
export interface Draft {
  readonly dialect: string;
  /** One event as JSON, or a list. This text is what is published; the form only edits it. */
  readonly text: string;
  /**
   * The idempotency key. It belongs to this text in this dialect: pressing twice publishes once, and a change gets a key of its own.
   */
  readonly key: string;
  /** The event of a list that the form shows. */
  readonly index: number;
}

export function draftOf(dialect: string, text: string): Draft {
  return { dialect, text, key: randomId(), index: 0 };
}

/** The draft with another text, or in another dialect. */
export function changed(draft: Draft, change: Partial<Pick<Draft, 'dialect' | 'text' | 'index'>>): Draft {
  const next = { ...draft, ...change };
  const isSame = next.text === draft.text && next.dialect === draft.dialect;
  return isSame ? next : { ...next, key: randomId() };
}

export function withNewKey(draft: Draft): Draft {
  return { ...draft, key: randomId() };
}

/** What a link `#/publish?event=<JSON>&dialect=<name>` asks for. */
export function linkedDraft(query: URLSearchParams, dialects: readonly string[]): Draft | undefined {
  const text = query.get('event');
  if (text === null) return undefined;
  const dialect = query.get('dialect') ?? '';
  return draftOf(dialects.includes(dialect) ? dialect : (dialects[0] ?? ''), text);
}

/** The link that shows events here, to be published again. */
export function publishLink(text: string, dialect?: string): string {
  const query = new URLSearchParams({ event: text, ...(dialect !== undefined && { dialect }) });
  return `/publish?${query.toString()}`;
}
