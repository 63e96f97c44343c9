import { CircleHelp, Send } from 'lucide-react';
import { useMemo, type ReactElement } from 'react';
import { Link } from 'wouter';
import { exactPattern } from '../../../../model/exact-pattern.ts';
import { publishLink } from '../publish/draft.ts';
import { isAdmin, mayPublish } from '../session/me.ts';
import { useMe } from '../session/use-session.ts';
import { CopyAsButton } from '../ui/CopyAsButton.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { bodyOf, isOwnType } from './event-body.ts';
import type { EventFacts } from './event-facts.ts';

const LINK = 'inline-flex h-8 items-center gap-1.5 rounded-md px-3 whitespace-nowrap hover:bg-raised';

/** Browsers cut longer addresses. */
const LINK_MAX = 200_000;

/** What can be done with an event, by the one who is signed in. */
export function EventTools({
  text,
  facts,
}: {
  readonly text: string;
  readonly facts: EventFacts;
}): ReactElement {
  const me = useMe();
  const { id, type, action, key } = facts;
  const body = useMemo(() => bodyOf(text), [text]);
  const mayPublishIt = !isOwnType(type) && mayPublish(me, exactPattern(type, action, key));
  return (
    <div className="flex flex-wrap items-center gap-1 border-y border-line px-1 py-1">
      <CopyButton text={text} label="Copy the event as JSON">
        JSON
      </CopyButton>
      {mayPublishIt && (
        <>
          <CopyAsButton text={body} />
          {body.length <= LINK_MAX ? (
            <Link
              href={publishLink(body)}
              className={LINK}
              title="Open it in Publish, to publish it once more"
            >
              <Send aria-hidden className="size-4" />
              Publish again
            </Link>
          ) : (
            <span className="px-3 text-xs text-muted">It is too large for a link to Publish.</span>
          )}
        </>
      )}
      {isAdmin(me) && id !== undefined && (
        <Link
          href={`/why?${new URLSearchParams({ event: id })}`}
          className={LINK}
          title="Why somebody did not hear this event"
        >
          <CircleHelp aria-hidden className="size-4" />
          Why not heard?
        </Link>
      )}
    </div>
  );
}
