import { examples, hubCommand, withHub, type AddCommand, type HubOptions } from '../command.ts';
import { Output } from '../output.ts';

interface Me {
  readonly principal: string;
  readonly roles: readonly string[];
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
  readonly expiresAt: string | null;
}

/** `belfry whoami`: as whom the hub sees the command, and what that permits. */
export const addWhoami: AddCommand = (program) => {
  const command = hubCommand(program, 'whoami')
    .description('Print which hub is used, as whom, and what that permits.')
    .action((options: HubOptions) =>
      withHub(options, async (session) => {
        const { base, context = null } = session.target;
        const me = await session.read<Me>('api/v3/me');
        new Output(options).one({ hub: base.href, context, ...me });
      }),
    );
  examples(command, {
    'belfry whoami --context prod': 'whether the token of a context is good, and until when',
  });
};
