import type { InspectedContainer, ListedContainer } from './engine-answers.ts';

/** A container of the engine. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `running`, `exited`, `paused`, `created`, `restarting`, `removing` or `dead`. */
  readonly state: string;
  /** The state with what belongs to it: `exited (137)`, `running (healthy)`. */
  readonly status: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
}

export function listed(container: ListedContainer): Container {
  const { Id: id, Names, Image: image, Labels, State: state, Status, Created: createdAt } = container;
  // A link to the container has two slashes.
  const name = (Names ?? []).find((each) => each.lastIndexOf('/') === 0) ?? Names?.[0] ?? id;
  const [, more = ''] = /\((healthy|unhealthy|health: starting|-?\d+)\)/.exec(Status) ?? [];
  const status = statusOf(state, more.replace('health: ', ''));
  return { id, name: name.replace(/^\//, ''), image, labels: Labels ?? {}, state, status, createdAt };
}

export function inspected({ Id: id, Name, Created, State, Config }: InspectedContainer): Container {
  const { Status: state, ExitCode, Health } = State;
  const { Image: image, Labels } = Config;
  const health = Health === undefined || Health.Status === 'none' ? '' : Health.Status;
  const status = statusOf(state, state === 'exited' ? String(ExitCode) : state === 'running' ? health : '');
  const createdAt = Math.floor(Date.parse(Created) / 1_000);
  return { id, name: Name.replace(/^\//, ''), image, labels: Labels ?? {}, state, status, createdAt };
}

function statusOf(state: string, more: string): string {
  return more === '' ? state : `${state} (${more})`;
}
