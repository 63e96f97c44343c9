import type { ReactElement } from 'react';
import { useMe } from '../session/use-session.ts';
import { rateText } from '../ui/numbers.ts';
import { labelOf, type Band, type Column, type FlowGraph, type Vertex } from './flow-graph.ts';
import { linkOf, vertexText } from './flow-text.ts';

const PARTS: readonly (readonly [caption: string, from: Column, unit: string])[] = [
  ['Who publishes which types', 'publisher', 'Events'],
  ['Which dialects hear them', 'type', 'Deliveries'],
  ['On which nodes', 'dialect', 'Deliveries'],
];

/** What the diagram shows, as three tables. */
export function FlowTable({ graph: { bands } }: { readonly graph: FlowGraph }): ReactElement {
  return (
    <div className="grid gap-4 lg:grid-cols-3">
      {PARTS.map(([caption, column, unit]) => (
        <PartTable
          key={column}
          caption={caption}
          unit={unit}
          bands={bands
            .filter(({ from }) => from.column === column)
            .toSorted((a, b) => b.perSecond - a.perSecond)}
        />
      ))}
    </div>
  );
}

function PartTable({
  caption,
  unit,
  bands,
}: {
  readonly caption: string;
  readonly unit: string;
  readonly bands: readonly Band[];
}): ReactElement {
  return (
    <table className="w-full table-fixed border-collapse self-start rounded-lg border border-line bg-panel text-left">
      <caption className="pb-1 text-left text-xs text-muted">{caption}</caption>
      <thead className="sr-only">
        <tr>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">{unit} a second</th>
        </tr>
      </thead>
      <tbody>
        {bands.map(({ id, from, to, perSecond }) => (
          <tr key={id} className="border-b border-line last:border-b-0">
            <VertexCell vertex={from} />
            <VertexCell vertex={to} />
            <td className="w-24 px-3 py-1.5 text-right tabular-nums">{rateText(perSecond)}</td>
          </tr>
        ))}
        {bands.length === 0 && (
          <tr>
            <td colSpan={3} className="px-3 py-1.5 text-muted">
              Nothing
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function VertexCell({ vertex }: { readonly vertex: Vertex }): ReactElement {
  const link = linkOf(vertex, useMe());
  return (
    <td className="truncate px-3 py-1.5" title={vertexText(vertex)}>
      {link === undefined ? (
        labelOf(vertex)
      ) : (
        <a className="hover:underline" href={`#${link}`}>
          {labelOf(vertex)}
        </a>
      )}
    </td>
  );
}
