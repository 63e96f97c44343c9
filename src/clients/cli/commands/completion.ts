import { Argument } from 'commander';
import { examples, type AddCommand } from '../command.ts';
import { completionScript, SHELLS, type Shell } from '../completion-scripts.ts';

/** `belfry completion`, and what the scripts ask while somebody types. */
export const addCompletion: AddCommand = (program) => {
  const command = program
    .command('completion')
    .description(
      'Print what a shell needs to complete commands, contexts, topics and principals of the hub in use.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => void process.stdout.write(completionScript(shell)));
  examples(command, {
    'belfry completion bash > ~/.local/share/bash-completion/completions/belfry': 'for bash',
    'belfry completion zsh > "${fpath[1]}/_belfry"': 'for zsh',
    'belfry completion fish > ~/.config/fish/completions/belfry.fish': 'for fish',
  });

  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { completionsOf } = await import('../completions.ts');
      for (const each of await completionsOf(program, words)) console.log(each);
    });
};
