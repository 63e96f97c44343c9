import type { ReactElement } from 'react';
import { useSearchParams } from 'wouter';
import { Badge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { countText, plural } from '../ui/numbers.ts';
import { Screen } from '../ui/Screen.tsx';
import { Time } from '../ui/Time.tsx';
import { useIsNarrow } from '../ui/use-is-narrow.ts';
import { FlowDiagram } from './FlowDiagram.tsx';
import { FlowTable } from './FlowTable.tsx';
import { useFlow } from './use-flow.ts';

/** Who publishes what, and which dialects and nodes hear it. */
export default function FlowScreen(): ReactElement {
  const { graph, at, silent, error, askAgain } = useFlow();
  const isNarrow = useIsNarrow();
  const [query, setQuery] = useSearchParams();
  const isTable = isNarrow || query.get('view') === 'table';
  const isEmpty = graph !== undefined && graph.columns.every((column) => column.length === 0);
  return (
    <Screen
      title="Flow"
      tools={
        <>
          {!isNarrow && (
            <div className="flex gap-1" role="group" aria-label="Show as">
              <Button aria-pressed={!isTable} onClick={() => setQuery({})}>
                Diagram
              </Button>
              <Button aria-pressed={isTable} onClick={() => setQuery({ view: 'table' })}>
                Table
              </Button>
            </div>
          )}
          {at > 0 && (
            <span className="ml-auto flex items-center gap-2 text-xs text-muted">
              {error !== null && <Badge tone="warn">old</Badge>}
              <span>
                <span className="max-sm:sr-only">Last answer </span>
                <Time at={new Date(at).toISOString()} />
              </span>
            </span>
          )}
        </>
      }
    >
      <div className="flex min-h-full flex-col gap-4 p-4">
        {error !== null && <ErrorNote error={error} retry={askAgain} />}
        {silent !== '' && (
          <p className="rounded-md bg-warn-tint px-3 py-2 text-warn">
            {silent} did not answer, so what is delivered there is missing.
          </p>
        )}
        {graph === undefined && error === null && (
          <p className="text-muted" aria-busy="true">
            Asking the hub …
          </p>
        )}
        {isEmpty && (
          <Empty title="Nothing flows">
            No event that you may hear came in the last minutes. Types of which your token permits only some
            keys are not shown.
          </Empty>
        )}
        {graph !== undefined && !isEmpty && (
          <>
            {isTable ? <FlowTable graph={graph} /> : <FlowDiagram graph={graph} />}
            <p className="text-xs text-muted">
              Rates are means of about the last minute. Who publishes and who hears is told from the latest{' '}
              {plural(graph.sampled, 'event')} of the log, and from who is subscribed now. The width of the
              bands has one scale for events, and another for deliveries.
              {graph.rare.length > 0 &&
                ` ${countText(graph.rare.length)} ${graph.rare.length === 1 ? 'type is' : 'types are'} not among these events, or not kept in the log: ${graph.rare.slice(0, 10).join(', ')}${graph.rare.length > 10 ? ' …' : ''}.`}
            </p>
          </>
        )}
      </div>
    </Screen>
  );
}
