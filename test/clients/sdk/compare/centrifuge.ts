import { Centrifuge, type StateContext, type Subscription } from 'centrifuge';
import type { Show, TokenOf } from './tasks.ts';

export const REMARKS = {
  listen: 'one channel',
  publish: 'and a repetition publishes twice',
  resume: 'by itself, where the server keeps a history of the channel',
  renew: 'by itself',
  tabs: 'no',
  test: 'no',
};

export function listen(url: string, getToken: TokenOf, show: Show): Subscription {
  const client = new Centrifuge(url, { getToken });
  const subscription = client.newSubscription('deploy:myapp');
  subscription.on('publication', ({ data }) => show(data));
  subscription.subscribe();
  client.connect();
  return subscription;
}

export function gap(subscription: Subscription, reload: () => void): void {
  subscription.on('subscribed', ({ wasRecovering, recovered }) => {
    if (wasRecovering && !recovered) reload();
  });
}

/** The key against repetitions is of the API for servers. */
export async function publish(client: Centrifuge): Promise<void> {
  await client.publish('deploy:myapp', { by: 'ada' });
}

export function state(client: Centrifuge, show: (state: StateContext) => void): void {
  client.on('state', show);
}

export function latest(subscription: Subscription, show: Show): void {
  let last = 0;
  const tell = ({ offset = 0, data }: { offset?: number | undefined; data: unknown }): void => {
    if (offset < last) return;
    last = offset;
    show(data);
  };
  const readLast = async (): Promise<void> => {
    const { publications } = await subscription.history({ limit: 1, reverse: true });
    publications.forEach(tell);
  };
  subscription.on('publication', tell);
  subscription.on('subscribed', () => void readLast());
  subscription.subscribe();
}

export async function history(subscription: Subscription, show: Show): Promise<void> {
  let since: { offset: number; epoch: string } | undefined;
  for (;;) {
    const page = await subscription.history({ limit: 100, ...(since && { since }) });
    for (const { data } of page.publications) show(data);
    if (page.publications.length < 100) return;
    since = { offset: page.publications.at(-1)?.offset ?? 0, epoch: page.epoch };
  }
}
