import { useQuery } from '@tanstack/react-query';
import { ChevronRight } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { Link } from 'wouter';
import { ANONYMOUS } from '../connections/connection.ts';
import { Badge, type Tone } from '../ui/Badge.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { countText, plural } from '../ui/numbers.ts';
import { visibleText } from '../ui/visible-text.ts';
import { askWho, HEARERS_MAX } from './ask.ts';
import type { Hearer, WhoHears } from './explanation.ts';
import { RuleList } from './RuleList.tsx';

const OUTCOMES: readonly {
  readonly outcome: Hearer['outcome'];
  readonly title: string;
  readonly says: string;
  readonly tone: Tone;
}[] = [
  { outcome: 'sent', title: 'Hear it', says: 'Every rule lets it pass.', tone: 'good' },
  {
    outcome: 'depends_on_event',
    title: 'Hear it if their filters hold',
    says: 'A topic alone does not decide their filters or forms.',
    tone: 'plain',
  },
  {
    outcome: 'queued',
    title: 'Hear it late',
    says: 'These clients are slow, and it waits for them.',
    tone: 'warn',
  },
];

/** Who would hear an event of the log or a topic, if it came now, on all nodes. */
export function WhoHearsAnswer({
  of,
  onConnection,
}: {
  readonly of: { readonly event: string } | { readonly topic: string };
  readonly onConnection?: (id: string) => void;
}): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: ['why', 'who', of],
    queryFn: ({ signal }) => askWho(of, signal),
    gcTime: 0,
  });
  if (error !== null)
    return (
      <div className="p-4">
        <ErrorNote error={error} retry={() => void refetch()} />
      </div>
    );
  if (data === undefined) return <div className="h-40" aria-busy="true" />;
  return <Answer hears={data} onConnection={onConnection} />;
}

function Answer({
  hears: { topic, total, connections, silent },
  onConnection,
}: {
  readonly hears: WhoHears;
  readonly onConnection: ((id: string) => void) | undefined;
}): ReactElement {
  return (
    <div>
      <p role="status" className="px-4 py-3 text-base font-semibold break-words">
        {total === 0 ? 'Nobody' : plural(total, 'connection')} would hear{' '}
        <bdi className="font-mono">{visibleText(topic)}</bdi> now.
      </p>
      {silent.length > 0 && (
        <p className="mx-4 mb-3 rounded-md bg-warn-tint px-3 py-2 text-warn">
          {silent.join(', ')} did not answer within two seconds. Their connections are missing here.
        </p>
      )}
      {total > connections.length && (
        <p className="px-4 pb-2 text-muted">
          {countText(connections.length)} of them are named, {countText(HEARERS_MAX)} at most.
        </p>
      )}
      {OUTCOMES.map(({ outcome, title, says, tone }) => {
        const group = connections.filter((each) => each.outcome === outcome);
        return (
          group.length > 0 && (
            <section key={outcome} aria-label={title} className="border-t border-line">
              <h3 className="flex items-center gap-2 px-4 py-2">
                <Badge tone={tone}>{countText(group.length)}</Badge> {title}
                <span className="text-xs text-muted">{says}</span>
              </h3>
              <ul>
                {group.map((hearer) => (
                  <HearerLine key={hearer.connection} hearer={hearer} onConnection={onConnection} />
                ))}
              </ul>
            </section>
          )
        );
      })}
    </div>
  );
}

function HearerLine({
  hearer: { connection, address, principal, dialect, node, why },
  onConnection,
}: {
  readonly hearer: Hearer;
  readonly onConnection: ((id: string) => void) | undefined;
}): ReactElement {
  const [isOpen, open] = useState(false);
  return (
    <li className="[content-visibility:auto] [contain-intrinsic-size:auto_1.75rem]">
      <details className="group" onToggle={({ currentTarget }) => open(currentTarget.open)}>
        <summary className="flex cursor-pointer flex-wrap items-center gap-x-3 px-4 py-1 hover:bg-raised">
          <ChevronRight aria-hidden className="-ml-1 size-4 shrink-0 text-muted group-open:rotate-90" />
          {principal === ANONYMOUS ? (
            <span className="min-w-32 text-muted italic">anonymous</span>
          ) : (
            <bdi className="min-w-32 font-medium break-all">{visibleText(principal)}</bdi>
          )}
          <span className="font-mono text-[13px]">{address}</span>
          <span className="text-muted">
            {dialect} on {node}
          </span>
        </summary>
        {isOpen && (
          <>
            <RuleList why={why} />
            <p className="flex gap-4 px-4 pb-2">
              <Link className="text-accent underline" href={`/connections/${encodeURIComponent(connection)}`}>
                The connection
              </Link>
              {onConnection !== undefined && (
                <button
                  type="button"
                  className="text-accent underline"
                  onClick={() => onConnection(connection)}
                >
                  Did it hear the event?
                </button>
              )}
            </p>
          </>
        )}
      </details>
    </li>
  );
}
