import type { Me } from '../session/me.ts';
import { connectionsLink, liveLink, maySeeConnections } from '../ui/links.ts';
import { rateText } from '../ui/numbers.ts';
import { labelOf, patternOfType, type Band, type Vertex } from './flow-graph.ts';

/** What a band says in words. */
export function bandText({ from, to, perSecond }: Band): string {
  return `${labelOf(from)} → ${labelOf(to)}: ${to.column === 'type' ? 'events' : 'deliveries'} ${rateText(perSecond)}`;
}

/** What a box says in words. */
export function vertexText(vertex: Vertex): string {
  const { column, name, incoming, outgoing } = vertex;
  const label = labelOf(vertex);
  const rest = name === undefined ? ', taken together' : '';
  if (column === 'publisher') return `${label}${rest}: publishes ${rateText(outgoing)}`;
  if (column === 'type')
    return `${label}${rest}: events ${rateText(incoming)}, ${outgoing === 0 ? 'which nobody hears, or none of the latest events' : `deliveries ${rateText(outgoing)}`}`;
  return `${label}${rest}: deliveries ${rateText(incoming)}`;
}

/** The screen that shows more of it, if the one who is signed in may see that. */
export function linkOf({ column, name }: Vertex, me: Me): string | undefined {
  if (name === undefined) return undefined;
  if (column === 'type') return liveLink(patternOfType(name));
  if (!maySeeConnections(me)) return undefined;
  if (column === 'node') return connectionsLink('node', name);
  if (column === 'dialect') return connectionsLink('dialect', name);
  return name === 'unknown' ? undefined : connectionsLink('principal', name);
}
