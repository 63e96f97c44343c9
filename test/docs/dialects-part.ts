import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { live, type Channel } from './live.ts';
import { formOf } from './schemas.ts';
import { cell, prose } from './tables.ts';

/** Every path of sockets with its messages in both directions, as `/asyncapi.json` of a node describes it. */
export async function dialectsPart(): Promise<string> {
  const { asyncApi } = await live();
  const channels = Object.entries(asyncApi.channels)
    .filter(([name, { address }]) => name.startsWith('hub.') && address !== '/ws')
    .map(([, channel]) => channel);
  return [
    '## Paths and messages',
    '',
    'Made from `/asyncapi.json`, which has the form of each message. A path of one system is served under the name of its dialect as well, such as `/mist/ws/metrics`.',
    '',
    '| path | is | hears | says |',
    '|---|---|---|---|',
    ...channels.map(rowOf),
    '',
    'On its own listener a dialect is reached under `/ws`, too. Where `BELFRY_LISTEN` says nothing else:',
    '',
    '| port | `/ws` speaks |',
    '|---|---|',
    ...listeners(),
    '',
    '### Parameters of the URL',
    '',
    'Beside `?token=`, which every path takes that asks for a token.',
    '',
    '| path | parameter | form | meaning |',
    '|---|---|---|---|',
    ...channels.flatMap(parameterRows),
    '',
    '### Subprotocols',
    '',
    ...channels.flatMap(subprotocolLines),
    '',
  ].join('\n');
}

function rowOf({ address, messages, ...about }: Channel): string {
  const named = (prefix: string): string =>
    Object.keys(messages)
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      .join(', ');
  return `| \`${address}\` | ${cell(prose(about.description ?? about.summary ?? ''))} | ${named('hear.')} | ${named('say.')} |`;
}

function listeners(): string[] {
  const listen = describeConfig(loadConfig({})).find(({ name }) => name === 'BELFRY_LISTEN')?.value ?? '';
  return listen.split(',').map((each) => {
    const [, port = '', dialect = '', tls] = /^(\d+)=(\w+)(\+tls)?$/.exec(each) ?? [];
    if (!DIALECTS.some(({ name }) => name === dialect))
      throw new Error(`${each} is no listener of a dialect`);
    return `| ${port}${tls === undefined ? '' : ', TLS'} | ${dialect} |`;
  });
}

function parameterRows({ address, bindings }: Channel): string[] {
  const { token: _, ...parameters } = bindings?.ws?.query?.properties ?? {};
  return Object.entries(parameters).map(
    ([name, schema]) =>
      `| \`${address}\` | \`?${name}=\` | ${cell(formOf(schema))} | ${cell(prose(schema.description ?? ''))} |`,
  );
}

function subprotocolLines({ address, bindings }: Channel): string[] {
  const offered = bindings?.ws?.headers?.properties?.['Sec-WebSocket-Protocol']?.description;
  return offered === undefined ? [] : [`- \`${address}\`: ${prose(offered)}.`];
}
