import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { examples, note, printing, type AddCommand } from '../command.ts';
import {
  contextNamed,
  currentName,
  readContexts,
  SEE_CONTEXTS,
  writeContexts,
  type Context,
} from '../contexts.ts';
import { UsageError } from '../errors.ts';
import { Output, type Column, type OutputOptions } from '../output.ts';
import { checkedUrl, targetOf } from '../target.ts';
import { TokenCommand } from '../token-command.ts';

/** A context as it is shown: never with its token. */
interface Shown {
  readonly name: string;
  readonly current: boolean;
  readonly url: string;
  readonly credentials: 'token' | 'command' | 'none';
  readonly tokenCommand?: string;
  readonly insecure: boolean;
}

interface AddOptions {
  readonly token?: string;
  readonly tokenCommand?: string;
  readonly insecure?: boolean;
  readonly select?: boolean;
  readonly replace?: boolean;
}

const COLUMNS: readonly Column<Shown>[] = [
  { title: 'CURRENT', text: ({ current }) => (current ? '*' : '') },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'URL', text: ({ url }) => url },
  { title: 'CREDENTIALS', text: ({ credentials }) => credentials },
];
const NAME = /^[\w.-]{1,64}$/;

/** `belfry context`: hubs by name, each with how to come in. */
export const addContext: AddCommand = (program) => {
  const context = program
    .command('context')
    .description('Name hubs, so that no command needs an address or a token.');
  examples(context, {
    "belfry context add prod wss://hub.example.com --token-command 'vault read -field=token hub/token'":
      'keeps a hub, and how to get a token for it',
    'belfry context select prod': 'every command talks to it from now on',
    "belfry watch --context local 'profiles.*.*'": 'one command talks to another hub',
  });
  addAdd(context);
  addSelect(context);
  addList(context);
  addShow(context);
  addToken(context);
  addRemove(context);
};

function addAdd(context: Command): void {
  const add = context
    .command('add')
    .description('Keep a hub under a name. The first one is selected.')
    .argument('<name>', 'letters, digits, dots and dashes')
    .argument('<url>', 'ws(s):// or http(s)://')
    .option('-t, --token <token>', 'a token or name:password; - reads it from standard input')
    .option('--token-command <command>', 'a command of the shell that prints a token')
    .option('-i, --insecure', 'accept a certificate that nobody vouches for')
    .option('--select', 'select it')
    .option('--replace', 'replace the one of this name')
    .action(async (name: string, url: string, options: AddOptions) => {
      if (!NAME.test(name))
        throw new UsageError(`"${name}" is no name of a context. Expected letters, digits, dots and dashes.`);
      if (options.token !== undefined && options.tokenCommand !== undefined)
        throw new UsageError('A context has one way to come in. Expected either --token or --token-command.');
      const { contexts, selected } = readContexts();
      if (contexts[name] !== undefined && options.replace !== true)
        throw new UsageError(`There is a context "${name}". Expected another name, or --replace.`, {
          see: SEE_CONTEXTS,
        });
      const made: Context = { url: checkedUrl(url), ...(await credentialsOf(options)) };
      const select = options.select === true || selected === undefined ? name : selected;
      writeContexts({ contexts: { ...contexts, [name]: made }, selected: select });
      if (select === name && selected !== name) note(`the context "${name}" is selected`);
    });
  examples(add, {
    'belfry context add staging wss://hub.staging.example.com --token - < token.txt':
      'reads the token from a file',
    'belfry context add local ws://localhost:8800 --replace': 'replaces the context of that name',
  });
}

async function credentialsOf({ token, tokenCommand, insecure }: AddOptions): Promise<Omit<Context, 'url'>> {
  const read = token === '-' ? (await text(process.stdin)).trim() : token;
  if (read === '') throw new UsageError('The token is empty. Expected it on standard input.');
  return {
    ...(read !== undefined && { token: read }),
    ...(tokenCommand !== undefined && { tokenCommand }),
    ...(insecure === true && { insecure }),
  };
}

function addSelect(context: Command): void {
  context
    .command('select')
    .description('Use a context where a command names no hub.')
    .argument('<name>', 'its name')
    .action((name: string) => {
      const known = readContexts();
      contextNamed(name, known);
      writeContexts({ ...known, selected: name });
    });
}

function addList(context: Command): void {
  printing(context.command('list'))
    .description('Print all contexts, without their tokens.')
    .action((options: OutputOptions) => {
      const known = readContexts();
      const current = currentName(known);
      const all = Object.keys(known.contexts).toSorted();
      new Output(options).all(
        all.map((name) => shownOf(name, contextNamed(name, known), current)),
        { columns: COLUMNS },
      );
    });
}

function addShow(context: Command): void {
  printing(context.command('show'))
    .description('Print one context, without its token; by default the one in use.')
    .argument('[name]', 'its name')
    .action((given: string | undefined, options: OutputOptions) => {
      const known = readContexts();
      const current = currentName(known);
      const name = given ?? current;
      if (name === undefined) throw noContext();
      new Output(options).one(shownOf(name, contextNamed(name, known), current));
    });
}

function addToken(context: Command): void {
  const token = context
    .command('token')
    .description('Print the token of a context, for programs such as curl; by default of the one in use.')
    .argument('[name]', 'its name')
    .action(async (given: string | undefined) => {
      const name = given ?? currentName();
      if (name === undefined) throw noContext();
      const { token: found } = targetOf({ context: name });
      if (found === undefined)
        throw new UsageError(
          `The context "${name}" has no token. Expected one that was added with --token.`,
          {
            see: SEE_CONTEXTS,
          },
        );
      console.log(found instanceof TokenCommand ? await found.get() : found);
    });
  examples(token, {
    'curl http://localhost:8800/api/v3/me -H "Authorization: Bearer $(belfry context token)"':
      'asks the hub as the context would',
  });
}

function addRemove(context: Command): void {
  context
    .command('remove')
    .description('Forget a context.')
    .argument('<name>', 'its name')
    .action((name: string) => {
      const { contexts, selected } = readContexts();
      contextNamed(name, { contexts });
      const { [name]: _gone, ...others } = contexts;
      writeContexts({ contexts: others, ...(selected !== undefined && selected !== name && { selected }) });
    });
}

function shownOf(
  name: string,
  { url, token, tokenCommand, insecure = false }: Context,
  current?: string,
): Shown {
  const credentials = tokenCommand !== undefined ? 'command' : token !== undefined ? 'token' : 'none';
  return {
    name,
    current: name === current,
    url,
    credentials,
    ...(tokenCommand !== undefined && { tokenCommand }),
    insecure,
  };
}

function noContext(): UsageError {
  return new UsageError('No context is selected. Expected a name, or one that "belfry context add" made.', {
    see: SEE_CONTEXTS,
  });
}
