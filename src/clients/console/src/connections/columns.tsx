import type { ReactElement, ReactNode } from 'react';
import { bytesText, countText, durationText } from '../ui/numbers.ts';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { ANONYMOUS, dialectOf, type Connection } from './connection.ts';
import { DELIVERY_COLUMNS, type ColumnName } from './sorting.ts';

/** No cell is wider than that many characters. */
const SHOWN_MAX = 300;

export interface Column {
  readonly name: ColumnName;
  readonly title: string;
  /** What the numbers and texts of it mean, shown on hover. */
  readonly says: string;
  /** In the notation of a grid of CSS. */
  readonly width: string;
  readonly isNumber?: true;
  readonly cell: (connection: Connection, now: number) => ReactNode;
}

export const TABLE: readonly Column[] = [
  {
    name: 'principal',
    title: 'Principal',
    says: 'Who it is',
    width: 'minmax(11rem,1.4fr)',
    cell: (connection) => <PrincipalName connection={connection} />,
  },
  {
    name: 'address',
    title: 'Address',
    says: 'The ip:port from which it came',
    width: 'minmax(9.5rem,0.8fr)',
    cell: ({ RemoteAddr }) => <Mono text={RemoteAddr} />,
  },
  {
    name: 'dialect',
    title: 'Dialect',
    says: 'What it speaks',
    width: '7.5rem',
    cell: (connection) => (
      <Text
        text={connection.Type === 'stream' ? `${dialectOf(connection)}, stream` : dialectOf(connection)}
      />
    ),
  },
  {
    name: 'node',
    title: 'Node',
    says: 'The node that holds it',
    width: '7rem',
    cell: ({ Node }) => <Text text={Node} />,
  },
  {
    name: 'since',
    title: 'Since',
    says: 'When it came',
    width: '8.5rem',
    cell: ({ CreateTime }) => <Time at={CreateTime} />,
  },
  {
    name: 'patterns',
    title: 'Patterns',
    says: 'What it is subscribed to',
    width: 'minmax(12rem,2fr)',
    cell: ({ Patterns }) => <Mono text={Patterns.join('  ')} />,
  },
  {
    name: 'queued',
    title: 'Queue',
    says: 'How many events wait for it, since it is slow',
    width: '5.5rem',
    isNumber: true,
    cell: (connection) => (
      <Delivery
        connection={connection}
        text={({ Queued }) => countText(Queued)}
        title={({ QueuedBytes }) => bytesText(QueuedBytes)}
        isBad={({ Queued }) => Queued > 0}
      />
    ),
  },
  {
    name: 'lag',
    title: 'Slow for',
    says: 'For how long it has been slow',
    width: '6rem',
    isNumber: true,
    cell: (connection, now) => (
      <Delivery
        connection={connection}
        text={({ LaggingSince }) =>
          LaggingSince === null ? '·' : durationText(now - Date.parse(LaggingSince))
        }
        title={({ LaggingSince }) => (LaggingSince === null ? 'It keeps up' : `Since ${LaggingSince}`)}
        isBad={({ LaggingSince }) => LaggingSince !== null}
      />
    ),
  },
  {
    name: 'dropped',
    title: 'Dropped',
    says: 'How many events were left out, since it was slow',
    width: '6rem',
    isNumber: true,
    cell: (connection) => (
      <Delivery
        connection={connection}
        text={({ Dropped }) => countText(Dropped)}
        title={({ Delivered }) => `${countText(Delivered)} were delivered`}
        isBad={({ Dropped }) => Dropped > 0}
      />
    ),
  },
  {
    name: 'agent',
    title: 'User agent',
    says: 'What the client says that it is',
    width: 'minmax(9rem,1fr)',
    cell: ({ UserAgent }) => <Text text={UserAgent} />,
  },
  {
    name: 'expires',
    title: 'Expires',
    says: 'When its token ends',
    width: '8.5rem',
    cell: ({ ExpiresAt }) =>
      ExpiresAt === null ? <span className="text-muted">never</span> : <Time at={ExpiresAt} />,
  },
];

export const GRID = TABLE.map(({ width }) => width).join(' ');

export function isDeliveryColumn({ name }: Column): boolean {
  return DELIVERY_COLUMNS.has(name);
}

export function PrincipalName({ connection }: { readonly connection: Connection }): ReactElement {
  const { Principal } = connection;
  if (Principal === ANONYMOUS) return <span className="truncate text-muted italic">anonymous</span>;
  return <Text text={Principal} className="font-medium" />;
}

export function Text({
  text,
  className = '',
}: {
  readonly text: string;
  readonly className?: string;
}): ReactElement {
  return (
    <bdi className={`block truncate ${className}`} title={text}>
      {visibleText(text, SHOWN_MAX)}
    </bdi>
  );
}

function Mono({ text }: { readonly text: string }): ReactElement {
  return <Text text={text} className="font-mono text-[13px]" />;
}

type Told = NonNullable<Connection['Deliveries']>;

function Delivery({
  connection: { Deliveries, Type },
  text,
  title,
  isBad,
}: {
  readonly connection: Connection;
  readonly text: (deliveries: Told) => string;
  readonly title: (deliveries: Told) => string;
  readonly isBad: (deliveries: Told) => boolean;
}): ReactElement | null {
  if (Deliveries === undefined || Type === 'api') return null;
  if (Deliveries === null)
    return (
      <span className="text-muted" title="Its node did not answer.">
        ?
      </span>
    );
  const tone = isBad(Deliveries) ? 'font-medium text-warn' : 'text-muted';
  return (
    <span className={`tabular-nums ${tone}`} title={title(Deliveries)}>
      {text(Deliveries)}
    </span>
  );
}
