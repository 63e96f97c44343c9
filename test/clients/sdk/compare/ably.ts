import { randomUUID } from 'node:crypto';
import {
  Realtime,
  type ConnectionStateChange,
  type InboundMessage,
  type PaginatedResult,
  type RealtimeChannel,
} from 'ably';
import type { Show, TokenOf } from './tasks.ts';

export const REMARKS = {
  listen: 'one channel',
  resume: 'by itself, for two minutes',
  renew: 'by itself',
  tabs: 'no',
  test: 'no',
};

export async function listen(token: TokenOf, show: Show): Promise<RealtimeChannel> {
  const client = new Realtime({
    authCallback: (_params, give) => {
      void token().then((each) => give(null, each));
    },
  });
  const channel = client.channels.get('deploy:myapp');
  await channel.subscribe(show);
  return channel;
}

export function gap(channel: RealtimeChannel, reload: () => void): void {
  let isFirst = true;
  channel.on(['attached', 'update'], ({ resumed }) => {
    if (!resumed && !isFirst) reload();
    isFirst = false;
  });
}

export async function publish(channel: RealtimeChannel): Promise<void> {
  await channel.publish({ id: randomUUID(), name: 'approve', data: { by: 'ada' } });
}

export function state(client: Realtime, show: (state: ConnectionStateChange) => void): void {
  client.connection.on(show);
}

export async function latest(client: Realtime, show: Show): Promise<void> {
  const channel = client.channels.get('machines:web-1', { params: { rewind: '1' } });
  await channel.subscribe(show);
}

export async function history(channel: RealtimeChannel, show: Show): Promise<void> {
  let page: PaginatedResult<InboundMessage> | null = await channel.history();
  while (page !== null) {
    for (const message of page.items) show(message);
    page = await page.next();
  }
}
