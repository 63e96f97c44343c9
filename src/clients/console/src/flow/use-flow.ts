import { useQuery } from '@tanstack/react-query';
import { session } from '../session/session.ts';
import { FlowGraphs, type FlowGraph, type FlowTopic } from './flow-graph.ts';

/** The hub looks at its latest events every two seconds at most. */
const ASK_EVERY_MS = 3_000;

/** The places of what is shown stay while another screen is shown. */
const graphs = new FlowGraphs();

export interface Flowing {
  readonly graph: FlowGraph | undefined;
  /** When the hub answered last, in milliseconds of this machine. */
  readonly at: number;
  /** The names of nodes that did not answer. */
  readonly silent: string;
  readonly error: Error | null;
  readonly askAgain: () => void;
}

/** Who publishes what and who hears it, asked again and again while the page is visible. */
export function useFlow(): Flowing {
  const { data, error, dataUpdatedAt, refetch } = useQuery({
    queryKey: ['topics', 'flow'],
    queryFn: async ({ signal }) => {
      const response = await session.request('api/v3/topics?detail=flow', { signal });
      const graph = graphs.graphOf((await response.json()) as readonly FlowTopic[]);
      return { graph, silent: response.headers.get('Belfry-Silent-Nodes') ?? '' };
    },
    refetchInterval: ASK_EVERY_MS,
    retry: false,
    structuralSharing: false,
  });
  return {
    graph: data?.graph,
    at: dataUpdatedAt,
    silent: data?.silent ?? '',
    error,
    askAgain: () => void refetch(),
  };
}
