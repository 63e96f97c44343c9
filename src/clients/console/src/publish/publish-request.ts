import { session } from '../session/session.ts';
import { dryRunsIn, type DryRun } from './dry-run.ts';

/** Events as they are published: the text goes to the hub as it is, with all digits. */
export interface PublishRequest {
  /** If it is absent, the hub recognises the format by the fields. */
  readonly dialect?: string;
  readonly text: string;
}

const HEADERS = { 'Content-Type': 'application/json' };

/** The ids of the events. Under one key they are published once. @throws HubError the refusal of the hub, or `lost` */
export async function publish({ dialect, text }: PublishRequest, key?: string): Promise<readonly string[]> {
  const response = await session.request(pathOf({ dialect }), {
    method: 'POST',
    body: text,
    headers: key === undefined ? HEADERS : { ...HEADERS, 'Idempotency-Key': key },
  });
  const ids = response.headers.get('Belfry-Event-Ids') ?? '';
  return ids === '' ? [] : ids.split(',');
}

/** What would become of each event. @throws HubError the refusal of the hub, or `lost` */
export async function dryRun({ dialect, text }: PublishRequest): Promise<readonly DryRun[]> {
  const response = await session.request(pathOf({ dialect, dry: 'true' }), {
    method: 'POST',
    body: text,
    headers: HEADERS,
  });
  return dryRunsIn(await response.text());
}

function pathOf(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((each): each is [string, string] => each[1] !== undefined);
  return `api/v3/events?${new URLSearchParams(given).toString()}`;
}
