import type { AddCommand } from '../command.ts';
import { addBench } from './bench.ts';
import { addConnections } from './connections.ts';
import { addContext } from './context.ts';
import { addDeadLetters } from './dead-letters.ts';
import { addPublish } from './publish.ts';
import { addWait } from './wait.ts';
import { addWatch } from './watch.ts';

/** The commands that talk to a hub over the network, wherever the hub runs, in the order of the help. */
export const HUB_COMMANDS: readonly AddCommand[] = [
  addPublish,
  addWatch,
  addWait,
  addConnections,
  addDeadLetters,
  addContext,
  addBench,
];
