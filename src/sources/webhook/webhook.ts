import { Counter } from 'prom-client';
import type { ListenAddress } from '../options.ts';
import type { SourceContext } from '../source.ts';
import { HookServer } from './hook-server.ts';
import type { Hooks } from './hooks-config.ts';
import { HookReceiver } from './receiver.ts';

export interface WebhookOptions {
  readonly hooks: Hooks;
  readonly receive: ListenAddress;
  readonly maxBytes: number;
}

/** What is refused is said at most so often for each hook and status, in milliseconds. */
const SAID_EVERY_MS = 60_000;

/** Receives webhooks and publishes them, until the source is ended. */
export async function webhookSource(context: SourceContext, options: WebhookOptions): Promise<void> {
  const { signal, health, note, metrics } = context;
  const { hooks, maxBytes } = options;
  const answers = new Counter({
    name: 'belfry_source_webhook_answers_total',
    help: 'Deliveries by the hook, which is empty where there is none of the name, and by the status of the answer.',
    labelNames: ['hook', 'status'],
    registers: [metrics],
  });
  const say = refusals(context);
  const receiver = new HookReceiver(context);
  const server = new HookServer({
    hooks,
    maxBytes,
    begin: (head) => receiver.begin(head),
    told(hook = '', status, why) {
      answers.inc({ hook, status: `${status}` });
      if (why !== undefined && hook !== '') say(hook, status, why);
    },
  });
  await server.listen(options.receive);
  note(`receiving ${[...hooks.keys()].map((name) => `/hooks/${name}`).join(', ')} at port ${server.port}`);
  health.caughtUp('receiver');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.close();
}

/** Says why deliveries are refused, without a line for each: whoever finds the port can cause any number of them. */
function refusals({ clock, note }: SourceContext): (hook: string, status: number, why: string) => void {
  const said = new Map<string, number>();
  return (hook, status, why) => {
    const key = `${hook} ${status}`;
    const last = said.get(key);
    if (last !== undefined && clock.now() - last < SAID_EVERY_MS) return;
    said.set(key, clock.now());
    note(`${hook}: a delivery was answered with ${status}: ${why}`);
  };
}
