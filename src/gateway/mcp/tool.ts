import { z } from 'zod';
import { BelfryError } from '../../model/errors.ts';
import type { Identity } from '../../model/principal.ts';

/** One call of a tool, and who makes it. */
export interface ToolCall {
  readonly identity: Identity;
  /** `ip:port` of the client. */
  readonly remoteAddr: string;
  readonly userAgent: string;
  /** Whether whoever set up the agent lets it publish. */
  readonly mayPublish: boolean;
  /** Aborted when the client cancels the call, or is gone. */
  readonly signal: AbortSignal;
  /** Tells a client that asked for it how far the call is. */
  readonly progress: (progress: number, total: number, message: string) => void;
}

/** What an agent may do with the hub. Nothing of it knows the protocol. */
export interface Tool<Deps> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  /** It changes nothing. */
  readonly isReadOnly: boolean;
  /** Resolves with JSON. @throws BelfryError */
  readonly run: (deps: Deps, call: ToolCall, given: unknown) => Promise<string>;
}

type Declared<Deps, Input extends z.ZodObject> = Omit<Tool<Deps>, 'run' | 'input'> & {
  readonly input: Input;
  readonly run: (deps: Deps, call: ToolCall, input: z.output<Input>) => Promise<string>;
};

/** Declares a tool, whose arguments are checked by the schema that the agent is shown. */
export function tool<Deps, Input extends z.ZodObject>(declared: Declared<Deps, Input>): Tool<Deps> {
  const { name, input } = declared;
  const run: Tool<Deps>['run'] = (deps, call, given) => {
    const { success, data, error } = input.safeParse(given ?? {});
    if (success) return declared.run(deps, call, data);
    const [why] = z.prettifyError(error).replace(/^✖ /, '').split('\n✖ ');
    throw new BelfryError(
      'parameter_invalid',
      `The arguments of ${name} cannot be used: ${why?.replace(/\s+→ /, ' ').slice(0, 300)}. Expected what tools/list describes.`,
    );
  };
  return { ...declared, run };
}
