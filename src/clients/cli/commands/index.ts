import type { AddCommand } from '../command.ts';
import { addBench } from './bench.ts';
import { addCompletion } from './completion.ts';
import { addConformance } from './conformance.ts';
import { addConnections } from './connections.ts';
import { addContext } from './context.ts';
import { addDeadLetters } from './dead-letters.ts';
import { addDoctor } from './doctor.ts';
import { addExplain } from './explain.ts';
import { addForward } from './forward.ts';
import { addHistory } from './history.ts';
import { addMcp } from './mcp.ts';
import { addPresence } from './presence.ts';
import { addPublish } from './publish.ts';
import { addRecord } from './record.ts';
import { addReplay } from './replay.ts';
import { addResend } from './resend.ts';
import { addReshard } from './reshard.ts';
import { addTop } from './top.ts';
import { addValues } from './values.ts';
import { addWait } from './wait.ts';
import { addWatch } from './watch.ts';
import { addWhoami } from './whoami.ts';

/** The commands that talk to a hub over the network, wherever the hub runs, in the order of the help. */
export const HUB_COMMANDS: readonly AddCommand[] = [
  addPublish,
  addWatch,
  addWait,
  addHistory,
  addValues,
  addPresence,
  addConnections,
  addExplain,
  addTop,
  addDoctor,
  addConformance,
  addRecord,
  addReplay,
  addForward,
  addResend,
  addDeadLetters,
  addReshard,
  addMcp,
  addContext,
  addWhoami,
  addBench,
  addCompletion,
];
