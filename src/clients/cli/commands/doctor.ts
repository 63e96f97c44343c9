import type { Finding } from '../checks.ts';
import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { CommandError } from '../errors.ts';
import { Output, type Style } from '../output.ts';
import type { Session } from '../session.ts';

const STYLE: Readonly<Record<Finding['state'], Style>> = {
  ok: 'green',
  warning: 'yellow',
  failed: 'red',
  skipped: 'dim',
};

/** `belfry doctor`: what is wrong between here and the hub. */
export const addDoctor: AddCommand = (program) => {
  const command = hubCommand(program, 'doctor')
    .description(
      'Check the address, clock, token, nodes, Redis, socket, an event there and back, and resume. Ends with 1 if one failed.',
    )
    .action((options: HubOptions) => withHub(options, (session) => doctor(session, options)));
  examples(command, {
    'belfry doctor': 'why it does not work from here',
    'belfry doctor --context prod --output json': 'for a program',
  });
};

async function doctor(session: Session, options: HubOptions): Promise<void> {
  const { findings } = await import('../checks.ts');
  const rows = new Output(options).rows<Finding>({
    line: ({ check, state, detail, see }) => [
      [state.padEnd(8), STYLE[state]],
      [check.padEnd(11), 'bold'],
      detail,
      state === 'ok' || state === 'skipped' ? '' : `${detail.endsWith('.') ? '' : '.'} See ${see}`,
    ],
  });
  const failed: string[] = [];
  for await (const finding of findings(session)) {
    rows.print(finding);
    if (finding.state === 'failed') failed.push(finding.check);
  }
  rows.end();
  if (failed.length > 0) throw new CommandError('refused', `These checks failed: ${failed.join(', ')}.`);
}
