import type { AddCommand } from '../clients/cli/command.ts';
import { addWebhookSink } from './webhook/command.ts';

/** The kinds of sinks, in the order of the help. */
const KINDS: readonly AddCommand[] = [addWebhookSink];

/** `belfry sink`: processes that follow the hub and tell somebody else. */
export const addSink: AddCommand = (program) => {
  const sinks = program
    .command('sink')
    .description('Follow the hub and tell somebody else, until it is ended: a process of its own.');
  for (const add of KINDS) add(sinks);
};
