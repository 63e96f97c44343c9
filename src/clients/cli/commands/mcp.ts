import { examples, targetOptions, withHub, type AddCommand } from '../command.ts';
import type { TargetOptions } from '../target.ts';

interface McpOptions extends TargetOptions {
  readonly publish?: boolean;
}

/** `belfry mcp`: an agent waits for events, reads them and asks why, with the rights of the credentials. */
export const addMcp: AddCommand = (program) => {
  const command = targetOptions(program.command('mcp'))
    .description(
      'Serve an agent over standard input and output by the Model Context Protocol. It may do what the credentials permit.',
    )
    .option('--publish', 'let the agent publish as well')
    .action((options: McpOptions) =>
      withHub(options, async (session) => {
        const { McpBridge } = await import('../mcp-bridge.ts');
        const path = options.publish === true ? 'mcp?publish=true' : 'mcp';
        await new McpBridge(session, path, process.stdout).run(process.stdin);
      }),
    );
  examples(command, {
    'belfry mcp --context prod': 'what an agent is told to start, with the hub of a context',
    'belfry mcp --url wss://hub.example.com --publish':
      'one that may publish, with the token in BELFRY_TOKEN',
  });
};
