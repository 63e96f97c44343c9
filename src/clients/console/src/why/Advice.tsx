import type { ReactElement, ReactNode } from 'react';
import { cursorMs } from '../../../../model/cursor.ts';
import { exactPattern } from '../../../../model/exact-pattern.ts';
import type { Connection } from '../connections/connection.ts';
import { BASE } from '../session/base.ts';
import { PatternList } from '../ui/PatternList.tsx';
import { Time } from '../ui/Time.tsx';
import type { Explanation, LoggedEvent } from './explanation.ts';
import { filterValues } from './filter-values.ts';
import { nearestPattern, partsText } from './nearest-pattern.ts';
import { PAGES, stoppedBy } from './rules.ts';

export interface AdviceProps {
  readonly explanation: Explanation;
  readonly event: LoggedEvent | null | undefined;
  readonly connection: Connection | undefined;
}

/** What to change so that such an event is heard, and where to read more. */
export function Advice({ explanation, event, connection }: AdviceProps): ReactElement {
  const stopped = stoppedBy(explanation);
  const { path, title } = PAGES[stopped];
  return (
    <div className="flex flex-col gap-2 border-t border-line px-4 py-3">
      <h3 className="font-medium">What to do</h3>
      <What explanation={explanation} event={event} connection={connection} />
      <a
        className="self-start text-accent underline"
        href={new URL(path, BASE).href}
        target="_blank"
        rel="noreferrer"
      >
        {title}
      </a>
    </div>
  );
}

function What({ explanation, event, connection }: AdviceProps): ReactElement {
  const { why, node } = explanation;
  const failed = why.find(({ passed }) => !passed);
  switch (stoppedBy(explanation)) {
    case 'not_subscribed':
      return <Subscribe event={event} patterns={connection?.Patterns ?? []} />;
    case 'late':
      return <Late detail={failed?.detail ?? ''} event={event} />;
    case 'not_permitted':
      return (
        <>
          <p>
            Give its token, or one of its roles in BELFRY_ROLES, a pattern under “subscribe” that matches. The
            client must then sign in anew.
          </p>
          {event != null && <Patterns event={event} />}
        </>
      );
    case 'filtered':
      return <Filtered detail={failed?.detail ?? ''} event={event} />;
    case 'unsupported':
      return (
        <p>
          Let the client speak native, which has a form for every event, or publish what its dialect has a
          word for.
        </p>
      );
    case 'queued':
      return (
        <p>Find out why the client reads slowly. What becomes of what waits is said by its slow policy.</p>
      );
    case 'not_reached':
      return <p>Ask /readyz of {node} why events do not flow there. When they flow again, it catches up.</p>;
    case 'sent':
      return (
        <p>
          Look into the client: does its code take this type, and is it the client that you mean? The rules
          are asked as its subscriptions and grants are now; they may have been others when the event came.
        </p>
      );
  }
}

function Subscribe({
  event,
  patterns,
}: {
  readonly event: AdviceProps['event'];
  readonly patterns: readonly string[];
}): ReactElement {
  if (event == null) return <p>Subscribe to a pattern that matches.</p>;
  const near = nearestPattern(patterns, event);
  return (
    <>
      {near !== undefined && (
        <p>
          The pattern that comes nearest is <code className="break-all">{near.pattern}</code>:{' '}
          {partsText(near.differs)} {near.differs.length === 1 ? 'differs' : 'differ'}.
        </p>
      )}
      <p>{near === undefined ? 'Let the client subscribe to one of these:' : 'One of these matches:'}</p>
      <Patterns event={event} />
    </>
  );
}

/** Patterns that match an event, from the narrowest to the widest. */
function Patterns({ event }: { readonly event: LoggedEvent }): ReactElement {
  const { type, action, key } = event;
  const patterns = [exactPattern(type, action, key), exactPattern(type, undefined, key), exactPattern(type)];
  return <PatternList patterns={patterns} />;
}

function Late({
  detail,
  event,
}: {
  readonly detail: string;
  readonly event: AdviceProps['event'];
}): ReactElement {
  const ms = Number.parseInt(/(\d+)-\d+/.exec(detail)?.[1] ?? '', 10);
  return (
    <p>
      {event != null && (
        <>
          The event came at <Time at={new Date(cursorMs(event.id)).toISOString()} />
        </>
      )}
      {Number.isNaN(ms) ? '' : ', and the subscription began at '}
      {!Number.isNaN(ms) && <Time at={new Date(ms).toISOString()} />}. A client that names the cursor of its
      last event as “since” is sent what it missed.
    </p>
  );
}

function Filtered({
  detail,
  event,
}: {
  readonly detail: string;
  readonly event: AdviceProps['event'];
}): ReactElement {
  const values = event == null ? [] : filterValues(detail, event);
  return (
    <>
      <p>Change the filter of the subscription, or publish what it lets pass.</p>
      <ul className="flex flex-col gap-1">
        {values.map(({ path, wanted, found, holds }) => (
          <li key={path} className="rounded bg-raised px-2 py-1 break-words">
            <Mono>{path}</Mono> is <Mono>{found ?? 'not there'}</Mono>
            {holds ? ', which is wanted.' : ', and wanted is '}
            {!holds && <Mono>{wanted}</Mono>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Mono({ children }: { readonly children: ReactNode }): ReactElement {
  return <code className="break-all">{children}</code>;
}
