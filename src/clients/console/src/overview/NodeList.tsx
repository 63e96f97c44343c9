import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { useMe } from '../session/use-session.ts';
import { connectionsLink, maySeeConnections } from '../ui/links.ts';
import { Time } from '../ui/Time.tsx';
import type { FleetNode } from './fleet.ts';
import { factsOf, upFor, type NodeFact } from './node-facts.ts';
import { NodeState } from './NodeState.tsx';

const TONES = { bad: 'text-bad', warn: 'text-warn' } as const;

export interface NodeListProps {
  readonly nodes: readonly FleetNode[];
  readonly now: number;
}

/** All nodes with their figures: a table, or a card for each node where the page is too narrow for that. */
export function NodeList({ nodes, now }: NodeListProps): ReactElement {
  const common = commonDigest(nodes);
  const stateOf = (node: FleetNode): ReactElement => (
    <NodeState node={node} now={now} isEqual={node.report.digest === common} />
  );
  const titles = nodes[0] === undefined ? [] : factsOf(nodes[0]);
  return (
    <>
      <div className="hidden overflow-hidden rounded-lg border border-line bg-panel min-[1180px]:block">
        <table className="w-full border-collapse text-left">
          <thead className="text-xs text-muted">
            <tr className="border-b border-line">
              <th scope="col" className="px-3 py-2 font-normal">
                Node
              </th>
              {titles.map(({ title, hint }) => (
                <th
                  key={title}
                  scope="col"
                  title={hint}
                  className="px-3 py-2 text-right font-normal whitespace-nowrap"
                >
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <tr
                key={node.id}
                className={`border-b border-line align-top last:border-b-0 ${isOld(node) ? 'text-muted' : ''}`}
              >
                <th scope="row" className="max-w-64 px-3 py-2 font-normal">
                  <NodeName node={node} now={now} />
                  {stateOf(node)}
                </th>
                {factsOf(node).map((fact) => (
                  <td key={fact.title} className="px-3 py-2 text-right tabular-nums">
                    <Fact fact={fact} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className="grid gap-3 min-[1180px]:hidden sm:grid-cols-[repeat(auto-fill,minmax(22rem,1fr))]">
        {nodes.map((node) => (
          <li
            key={node.id}
            className={`rounded-lg border border-line bg-panel p-3 ${isOld(node) ? 'text-muted' : ''}`}
          >
            <NodeName node={node} now={now} />
            {stateOf(node)}
            <dl className="mt-3 grid grid-cols-2 gap-x-4 gap-y-2 tabular-nums">
              {factsOf(node).map((fact) => (
                <div key={fact.title} className="min-w-0">
                  <dt className="text-xs text-muted" title={fact.hint}>
                    {fact.title}
                  </dt>
                  <dd className="break-words">
                    <Fact fact={fact} />
                  </dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ul>
    </>
  );
}

function NodeName({ node, now }: { readonly node: FleetNode; readonly now: number }): ReactElement {
  const { name, version, since } = node.report;
  return (
    <div className="mb-1 min-w-0">
      <p className="truncate font-medium" title={name}>
        {maySeeConnections(useMe()) ? (
          <Link className="hover:underline" href={connectionsLink('node', name)}>
            {name}
          </Link>
        ) : (
          name
        )}
      </p>
      <p className="text-xs text-muted">
        {version} · <span title={`Since ${since}`}>up {upFor(node, node.goneAt ?? now)}</span>
        <span className="sr-only">
          , since <Time at={since} />
        </span>
      </p>
    </div>
  );
}

function Fact({ fact: { text, more, exact, tone } }: { readonly fact: NodeFact }): ReactElement {
  return (
    <>
      <span className={tone === undefined ? '' : `font-medium ${TONES[tone]}`} title={exact}>
        {text}
      </span>
      {more !== undefined && more !== '' && <span className="block text-xs text-muted">{more}</span>}
    </>
  );
}

/** Its figures are not of now. */
function isOld({ isSilent, goneAt }: FleetNode): boolean {
  return isSilent || goneAt !== undefined;
}

/** The digest that most nodes have. */
function commonDigest(nodes: readonly FleetNode[]): string | undefined {
  const groups = [...Map.groupBy(nodes, ({ report }) => report.digest)];
  return groups.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0];
}
