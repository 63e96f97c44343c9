/** What is simulated. All of it is one hub. */
export interface Scenario {
  readonly connections: number;
  /** Hosts with nodes, and the nodes on each of them, each with a core. */
  readonly hosts: number;
  readonly workers: number;
  readonly masters: number;
  readonly shards: number;
  /** How many of the shards the clients of a node want. */
  readonly wanted: number;
  /** Events a second that a few clients hear, and how many hear each. */
  readonly events: number;
  readonly hearers: number;
  /** The topics of these events. */
  readonly topics: number;
  /** Events a second that all clients hear. */
  readonly broadcasts: number;
  /** Bytes of the JSON of an event. */
  readonly size: number;
  readonly by: 'fcall' | 'live' | 'http' | 'http list';
  readonly publishers: number;
  /** Connections that end and come anew a second. */
  readonly churn: number;
  /** Bits a second of the network card of a host and of a master. */
  readonly link: number;
  /** Memory of a node and of a master, in bytes. */
  readonly nodeMemory: number;
  readonly masterMemory: number;
  /** What the log keeps, as in the settings of the hub. Each shard has an equal part. */
  readonly logMaxEvents: number;
  readonly logMaxBytes: number;
}

const GIB = 2 ** 30;

export const DEFAULTS: Scenario = {
  connections: 1_000,
  hosts: 1,
  workers: 1,
  masters: 1,
  shards: 1,
  wanted: 1,
  events: 0,
  hearers: 1,
  topics: 1_000,
  broadcasts: 0,
  size: 256,
  by: 'fcall',
  publishers: 20,
  churn: 0,
  link: 10e9,
  nodeMemory: 2 * GIB,
  masterMemory: 8 * GIB,
  logMaxEvents: 100_000,
  logMaxBytes: GIB / 4,
};

/** The scenario of what is given, with the defaults for the rest. */
export function scenarioOf(given: Partial<Scenario>): Scenario {
  const scenario = { ...DEFAULTS, ...given };
  if (scenario.masters > scenario.shards)
    throw new Error(
      `${scenario.masters} masters cannot share ${scenario.shards} shards. Expected at least as many shards as masters.`,
    );
  return { ...scenario, wanted: Math.min(given.wanted ?? scenario.shards, scenario.shards) };
}

/** Nodes of all hosts. */
export function nodesOf({ hosts, workers }: Scenario): number {
  return hosts * workers;
}

export function rateOf({ events, broadcasts }: Scenario): number {
  return events + broadcasts;
}
