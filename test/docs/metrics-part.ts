import { cell, prose } from './tables.ts';
import { live } from './live.ts';

/** More explanation of metrics whose help text for Prometheus is not enough. */
const MORE: Readonly<Record<string, string>> = {
  belfry_registry_connections: 'Callers of REST included.',
  belfry_rejected_total: '`source` is the entry point, `reason` an [error code](errors.md).',
  belfry_handshakes_refused_total: '`address_rate` is `BELFRY_HANDSHAKES_PER_MINUTE_PER_ADDRESS`.',
  belfry_events_published_total: 'What came by `FCALL`, no node has taken.',
  belfry_deliveries_received_total:
    'See [the sum of all deliveries](../how-to/event-not-heard.md#the-sum-of-all-deliveries).',
  belfry_publish_to_socket_seconds: 'By the clocks of Redis and the node.',
  belfry_gaps_announced_total: 'Native clients were told with `belfry.gap`.',
  belfry_delivery_healthy: 'Every five seconds a node proves that what is published reaches it.',
  belfry_held_bytes: 'Looked at every five seconds.',
  belfry_streams_mended_total:
    '`ingress_ids`, `log_ids`, `dead_letter_ids`: ids that leave none for what follows; `ingress_group`: ingress or group deleted; `ingress_type`: no stream in its place.',
  belfry_ingress_gone_total: 'Dropped by somebody, or for want of room.',
  belfry_warnings:
    '`settings`: nodes of one Redis have different settings; `name`: two have one name; `eviction`: Redis may forget keys.',
};

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** The labels of the metric, with the values that exist from the start. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The page lists up to so many values of a label. When there are more, it names only the label. */
const SHOWN_VALUES = 10;

/** Every metric of the hub, as a node serves it. */
export async function metricsPart(): Promise<string> {
  const rows = familiesOf((await live()).metrics)
    .filter(({ name }) => name.startsWith('belfry_'))
    .map(({ name, type, labels, help }) => {
      const shown = [...labels].map(([label, values]) => {
        const named =
          label === 'dialect' || values.size === 1 || values.size > SHOWN_VALUES ? [] : [...values];
        return `\`${label}\`${named.length === 0 ? '' : `: ${named.join(', ')}`}`;
      });
      const says = [prose(help), MORE[name]].filter(Boolean).join(' ');
      return `| <a id="${name}"></a>\`${name}\` | ${type} | ${cell(shown.join('; '))} | ${cell(says)} |`;
    });
  return `| metric | type | labels | says |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** The metrics that `MORE` explains and no node has. */
export async function unknownMetrics(): Promise<string[]> {
  const known = new Set(familiesOf((await live()).metrics).map(({ name }) => name));
  return Object.keys(MORE).filter((name) => !known.has(name));
}

function familiesOf(text: string): Family[] {
  return Array.from(text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#\n].*\n)*)/gm), (found) => {
    const [, name = '', help = '', type = '', samples = ''] = found;
    const labels = new Map<string, Set<string>>();
    for (const [, label = '', value = ''] of samples.matchAll(/[{,](\w+)="([^"]*)"/g))
      if (label !== 'le') labels.set(label, (labels.get(label) ?? new Set()).add(value));
    return { name, help, type, labels };
  });
}
