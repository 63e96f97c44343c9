import { DEFAULT_URL } from './target.ts';

interface Listener {
  readonly url: string;
  readonly dialect: string;
  readonly tls: boolean;
}

export interface Greeting {
  readonly listeners: readonly Listener[];
  readonly node: string;
  readonly version: string;
  /** The token of an admin. It expires after a day. */
  readonly token: string;
}

/**
 * The first screen of a node that runs by itself: where the hub listens, a token, and commands to try. Every line but
 * that of the token fits in 80 columns.
 */
export function banner({ listeners, node, version, token }: Greeting): string {
  const width = Math.max(...listeners.map(({ url }) => url.length));
  const lines = listeners.map(({ url, dialect }) => `  ${url.padEnd(width)}  /ws speaks ${dialect}`);
  const base = listeners.find(({ tls }) => !tls) ?? listeners[0];
  const http = base?.url ?? '';
  const isUsual = http.replace(/^http/, 'ws') === DEFAULT_URL;
  const insecure = base?.tls === true ? ' --insecure' : '';
  return `
Belfry ${version} runs as ${node}, by itself: what it holds ends with it.

${lines.join('\n')}

Its documentation: ${http}/docs

Try it in another terminal, as an admin for a day:

  export BELFRY_TOKEN=${token}
${isUsual ? '' : `  export BELFRY_URL=${http}\n`}
  npx belfry watch 'profiles.*.*'${insecure}
  npx belfry publish profiles.save.global '{"Name":"global"}'${insecure}
  curl ${http}/api/v3/events${insecure} \\
    -H "Authorization: Bearer $BELFRY_TOKEN" \\
    -H 'Content-Type: application/json' \\
    -d '{"type":"profiles","action":"save","key":"global","object":{}}'
`;
}
