import { hostname } from 'node:os';
import type { Command } from 'commander';
import { targetOptions } from '../clients/cli/command.ts';
import { checkedName, listenAddress, variableOption, type SourceOptions } from './options.ts';
import type { RunSource } from './source.ts';

/**
 * Adds a kind of source to `belfry source`, with the options that every kind has. A kind that watches no single host says what its
 * sources are usually named.
 */
export function sourceCommand(sources: Command, kind: string, usualName?: string): Command {
  const command = targetOptions(sources.command(kind));
  const usual = [usualName ?? `${kind}-${hostname()}`, usualName ?? `${kind}-<name of the host>`] as const;
  variableOption(command, {
    flags: '--name <name>',
    description: 'the name of this source in the hub, by which it knows after a restart where to go on',
    variable: 'BELFRY_SOURCE_NAME',
    usual,
    parse: checkedName,
  });
  return variableOption(command, {
    flags: '--listen <[host:]port>',
    description: 'serve /healthz, /readyz and /metrics here',
    variable: 'BELFRY_SOURCE_LISTEN',
    parse: listenAddress,
  });
}

/** Adds the option of a kind that publishes some events only while somebody listens to them. */
export function onDemand(command: Command): Command {
  return variableOption(command, {
    flags: '--always',
    description: 'publish also what nobody listens to',
    variable: 'BELFRY_SOURCE_ALWAYS',
  });
}

/** Runs a source until somebody ends it. What it takes is loaded only then. */
export async function asSource(kind: string, options: SourceOptions, run: RunSource): Promise<void> {
  const { runSource } = await import('./run-source.ts');
  return runSource(kind, options, run);
}
