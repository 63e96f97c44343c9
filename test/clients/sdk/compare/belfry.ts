import { connect, type State } from '../../../../src/clients/sdk/index.ts';
import { fakeHub } from '../../../../src/clients/sdk/testing.ts';
import type { Show, TokenOf } from './tasks.ts';

export const REMARKS = { resume: 'by itself', renew: 'by itself' };

export async function listen(url: string, token: TokenOf, show: Show): Promise<void> {
  for await (const item of connect(url, { token }).listen('deploy.*.myapp')) show(item);
}

export async function gap(url: string, token: TokenOf, reload: () => void): Promise<void> {
  for await (const item of connect(url, { token }).listen('deploy.*.myapp')) if (item.gap) reload();
}

export async function publish(url: string, token: TokenOf): Promise<string> {
  return connect(url, { token }).publish('deploy.approve.myapp', { by: 'ada' });
}

export function state(url: string, token: TokenOf, show: (state: State) => void): void {
  connect(url, { token }).onState(show);
}

export async function latest(url: string, token: TokenOf, show: Show): Promise<void> {
  for await (const event of connect(url, { token }).latest('machines', 'web-1')) show(event);
}

export async function tabs(url: string, token: TokenOf, show: Show): Promise<void> {
  const hub = connect(url, { token, shared: true });
  for await (const item of hub.listen('deploy.*.myapp')) show(item);
}

export async function history(url: string, token: TokenOf, show: Show): Promise<void> {
  for await (const item of connect(url, { token }).history('deploy.*.myapp')) show(item);
}

export async function test(): Promise<unknown> {
  const fake = fakeHub();
  const hub = connect('http://hub.test', { WebSocket: fake.WebSocket });
  const listener = hub.listen('deploy.*.myapp');
  await listener.ready;
  fake.emit('deploy.step.myapp', { status: 'Failed' });
  return (await listener.next()).value;
}
