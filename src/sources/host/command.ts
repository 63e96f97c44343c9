import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { examples, type AddCommand } from '../../clients/cli/command.ts';
import { duration } from '../../clients/cli/duration.ts';
import { asSource, onDemand, sourceCommand } from '../command.ts';
import { variableOption, type SourceOptions } from '../options.ts';
import type { HostOptions } from './host.ts';

type HostSourceOptions = SourceOptions & Omit<HostOptions, 'key'> & { readonly key?: string };

/** `belfry source host`: what a host uses of its processors, memory and disks. */
export const addHost: AddCommand = (sources) => {
  const command = onDemand(sourceCommand(sources, 'host')).description(
    'Publish what this host uses, as metrics.sample.<host>, once a second while somebody listens to it.',
  );
  variableOption(command, {
    flags: '--key <key>',
    description:
      "the key of the samples; Mist's dashboard shows the key system (default: the name of the host)",
    variable: 'BELFRY_SOURCE_KEY',
  });
  variableOption(command, {
    flags: '--every <time>',
    description: 'how often a sample is taken while somebody listens',
    variable: 'BELFRY_SOURCE_EVERY',
    usual: [1_000, '1s'],
    parse: duration,
  });
  for (const [name, what] of [
    ['proc', '/proc'],
    ['sys', '/sys'],
    ['root', 'the file systems'],
  ] as const)
    variableOption(command, {
      flags: `--${name} <folder>`,
      description: `where ${what} of the host ${name === 'root' ? 'are' : 'is'}, in a container`,
      variable: `BELFRY_SOURCE_${name.toUpperCase()}`,
      usual: name === 'root' ? ['/', '/'] : [what, what],
    });
  command.action((options: HostSourceOptions) =>
    asSource('host', options, async (context) => {
      const { hostSource } = await import('./host.ts');
      return hostSource(context, { ...options, key: options.key ?? nameOfHost(options.root) });
    }),
  );
  examples(command, {
    'belfry source host': 'this host',
    'belfry source host --proc /host/proc --sys /host/sys --root /host --key system':
      "in a container that sees the host's files below /host, for Mist's dashboard",
  });
};

/** A container has a name of its own; the host keeps its name in a file. */
function nameOfHost(root: string): string {
  const file = join(root, 'etc', 'hostname');
  const name = root !== '/' && existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return name === '' ? hostname() : name;
}
