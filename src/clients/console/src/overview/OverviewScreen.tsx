import { useRef, type ReactElement } from 'react';
import { useMe } from '../session/use-session.ts';
import { Badge } from '../ui/Badge.tsx';
import { Empty } from '../ui/Empty.tsx';
import { durationText, millisecondsText, rateText } from '../ui/numbers.ts';
import { Screen } from '../ui/Screen.tsx';
import { Time } from '../ui/Time.tsx';
import { useNow } from '../ui/use-now.ts';
import { Chart } from './Chart.tsx';
import { FindingList } from './FindingList.tsx';
import { findingsOf } from './findings.ts';
import { NodeList } from './NodeList.tsx';
import { seesAllNodes } from './permitted-nodes.ts';
import { steadyFindings, type SteadyFinding } from './steady-findings.ts';
import { TotalsRow } from './TotalsRow.tsx';
import { totalsOf } from './totals.ts';
import { ASK_EVERY_MS, useDeadLetterCount, useFleet } from './use-fleet.ts';

/** After so many questions without an answer the figures are called old. */
const OLD_AFTER_MS = 3 * ASK_EVERY_MS;

/** How the hub is: what is wrong first, then the figures of all nodes. */
export default function OverviewScreen(): ReactElement {
  const me = useMe();
  const { fleet, history, error } = useFleet();
  const deadLetters = useDeadLetterCount();
  const now = useNow();
  const shown = useRef<readonly SteadyFinding[]>([]);
  shown.current = steadyFindings(shown.current, findingsOf({ fleet, error, deadLetters, now }), now);
  const { at } = fleet;
  const begin = history.times[0];
  return (
    <Screen title="Overview" tools={<Freshness at={at} now={now} isRefused={error !== null} />}>
      <div className="flex flex-col gap-4 p-4">
        {at === undefined && error === null ? (
          <p className="min-h-9 px-1 text-muted" aria-busy="true">
            Asking the hub …
          </p>
        ) : (
          <FindingList findings={shown.current.map(({ finding }) => finding)} nodes={totalsOf(fleet).nodes} />
        )}
        {at !== undefined && fleet.nodes.length === 0 && (
          <Empty title="You may see no node">Your token permits to see nodes that do not exist.</Empty>
        )}
        {fleet.nodes.length > 0 && (
          <>
            <TotalsRow totals={totalsOf(fleet)} />
            <section aria-label="Over time">
              <div className="grid gap-3 md:grid-cols-3">
                <Chart title="Events in" history={history} at={at} series={['events']} text={rateText} />
                <Chart
                  title="Deliveries out"
                  history={history}
                  at={at}
                  series={['deliveries']}
                  text={rateText}
                />
                <Chart
                  title="p99 from the log to the last write"
                  history={history}
                  at={at}
                  series={['p99', 'lag']}
                  names={['p99', 'longest']}
                  text={millisecondsText}
                />
              </div>
              {begin !== undefined && (
                <p className="mt-1 px-1 text-xs text-muted">
                  Since <Time at={new Date(begin).toISOString()} />, as far as this page was looked at. Each
                  value is of five seconds; of all nodes together, and for the delay of the slowest one.
                </p>
              )}
            </section>
            <NodeList nodes={fleet.nodes} now={now} />
            {!seesAllNodes(me) && (
              <p className="px-1 text-muted">
                You see the nodes that your token permits. There may be others.
              </p>
            )}
          </>
        )}
      </div>
    </Screen>
  );
}

function Freshness({
  at,
  now,
  isRefused,
}: {
  readonly at: number | undefined;
  readonly now: number;
  readonly isRefused: boolean;
}): ReactElement {
  if (at === undefined) return <span className="text-muted" />;
  const age = now - at;
  return (
    <span className="ml-auto flex items-center gap-2 text-xs text-muted">
      {(isRefused || age > OLD_AFTER_MS) && <Badge tone="warn">old: of {durationText(age)} ago</Badge>}
      <span>
        <span className="max-sm:sr-only">Last answer </span>
        <Time at={new Date(at).toISOString()} />
      </span>
    </span>
  );
}
