import type { AddCommand } from '../clients/cli/command.ts';
import { addDocker } from './docker/command.ts';
import { addExec } from './exec/command.ts';
import { addHost } from './host/command.ts';
import { addKubernetes } from './kubernetes/command.ts';
import { addWebhook } from './webhook/command.ts';

/** The kinds of sources, in the order of the help. */
const KINDS: readonly AddCommand[] = [addDocker, addHost, addKubernetes, addWebhook, addExec];

/** `belfry source`: processes that watch something and publish it. */
export const addSource: AddCommand = (program) => {
  const sources = program
    .command('source')
    .description('Watch something and publish it to the hub, until it is ended: a process of its own.');
  for (const add of KINDS) add(sources);
};
