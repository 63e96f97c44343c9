import { useState, type ReactElement } from 'react';
import { indented } from '../json/json-edit.ts';
import { Badge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { visibleText } from '../ui/visible-text.ts';
import type { DryRun, Hearer } from './dry-run.ts';

/** What fits on a page; the rest is copied. */
const SHOWN_CHARACTERS = 20_000;
const SHOWN_EVENTS = 10;

/** What would become of each event: how it would stand in the log, and who would hear it. */
export function DryRunView({ runs }: { readonly runs: readonly DryRun[] }): ReactElement {
  const [shown, setShown] = useState(SHOWN_EVENTS);
  return (
    <div className="flex flex-col gap-3">
      <p className="text-muted">
        Nothing was published. {runs.length === 1 ? 'The event' : `Each of the ${runs.length} events`} would
        stand in the log as below.
      </p>
      {runs.slice(0, shown).map((run, index) => (
        <OneRun key={index} run={run} />
      ))}
      {runs.length > shown && (
        <Button onClick={() => setShown(shown + SHOWN_EVENTS)}>
          Show more of the {runs.length - shown} others
        </Button>
      )}
    </div>
  );
}

function OneRun({ run }: { readonly run: DryRun }): ReactElement {
  const { event, topic, total, silent } = run;
  const text = event.length > SHOWN_CHARACTERS ? event : indented(event);
  return (
    <article className="rounded-md border border-line bg-panel">
      <header className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-1.5">
        <h3 className="min-w-0 flex-1 font-mono text-[13px] break-all">
          <bdi>{visibleText(topic, 300)}</bdi>
        </h3>
        {event.includes('[redacted]') && <Badge tone="warn">masked</Badge>}
        <Badge tone={total > 0 ? 'good' : 'plain'}>
          {total === 0 ? 'nobody would hear it' : `${total.toLocaleString()} would hear it`}
        </Badge>
        <CopyButton text={event} label="Copy the event as it would stand in the log" />
      </header>
      {silent.length > 0 && (
        <p className="bg-warn-tint px-3 py-1.5 text-warn">
          {silent.join(', ')} did not answer, so connections there are missing here.
        </p>
      )}
      <Hearers run={run} />
      <pre
        tabIndex={0}
        role="region"
        aria-label={`${topic} as it would stand in the log`}
        className="max-h-72 overflow-auto px-3 py-2 font-mono text-[13px] break-words whitespace-pre-wrap"
      >
        {visibleLines(text.slice(0, SHOWN_CHARACTERS))}
        {text.length > SHOWN_CHARACTERS && '…'}
      </pre>
    </article>
  );
}

function visibleLines(text: string): string {
  return text
    .split('\n')
    .map((line) => visibleText(line))
    .join('\n');
}

function Hearers({ run: { total, connections } }: { readonly run: DryRun }): ReactElement | null {
  if (total === 0) return null;
  if (connections === undefined)
    return <p className="px-3 pt-2 text-muted">Who they are, only an admin is told.</p>;
  return (
    <div className="flex flex-col gap-2 border-b border-line px-3 py-2">
      <p className="flex flex-wrap gap-1.5">
        {countsOf(connections).map(([place, count]) => (
          <Badge key={place}>
            {place}: {count}
          </Badge>
        ))}
        {connections.length < total && (
          <span className="text-muted">
            of the {connections.length} that are named; {total - connections.length} more are counted
          </span>
        )}
      </p>
      <details>
        <summary className="cursor-pointer text-muted">Who they are</summary>
        <div
          className="mt-1 max-h-60 overflow-auto"
          tabIndex={0}
          role="region"
          aria-label="Who would hear it"
        >
          <table className="w-full text-left text-[13px]">
            <thead className="text-xs text-muted">
              <tr>
                {['Principal', 'Dialect', 'Node', 'Address', ''].map((title) => (
                  <th key={title} scope="col" className="pr-3 font-normal">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {connections.map((each) => (
                <HearerRow key={each.connection} hearer={each} />
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}

function HearerRow({ hearer }: { readonly hearer: Hearer }): ReactElement {
  const { principal, dialect, node, address, outcome, why } = hearer;
  const filters = why.filter(({ rule }) => rule === 'filter').map(({ detail }) => detail);
  return (
    <tr>
      <td className="max-w-48 truncate pr-3">
        <bdi>{visibleText(principal, 200)}</bdi>
      </td>
      <td className="pr-3">{dialect}</td>
      <td className="pr-3">{node}</td>
      <td className="pr-3 font-mono">{address}</td>
      <td>
        {outcome === 'queued' && <Badge tone="warn">waits, since it is slow</Badge>}
        {outcome === 'depends_on_event' && <Badge title={filters.join(', ')}>filter</Badge>}
      </td>
    </tr>
  );
}

/** How many there are on each node in each dialect, the most first. */
function countsOf(connections: readonly Hearer[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { node, dialect } of connections) {
    const place = `${node} ${dialect}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts].toSorted(([, one], [, other]) => other - one);
}
