interface Listener {
  readonly url: string;
  readonly dialect: string;
  readonly tls: boolean;
}

/** What a laptop's user sees first: where the hub listens, a way in, and three commands to try. */
export function banner(listeners: readonly Listener[], node: string, token: string): string {
  const width = Math.max(...listeners.map(({ url }) => url.length));
  const lines = listeners.map(({ url, dialect }) => `  ${url.padEnd(width)}  /ws speaks ${dialect}`);
  const base = listeners.find(({ tls }) => !tls) ?? listeners[0];
  const http = base?.url ?? '';
  const admin = `${http.replace(/^http/, 'ws')}/native/ws?token=${token}`;
  const insecure = base?.tls === true ? ' --insecure' : '';
  return `
Belfry rings on node ${node}, alone, with a secret made for this run.

${lines.join('\n')}

Admin URL, good for a day:
  ${admin}

Try, in other terminals:
  npx belfry watch '*.*.*'${insecure} --url '${admin}'
  npx belfry publish profiles.save.global '{"Name":"global"}'${insecure} --url '${admin}'
  curl -X POST '${http}/api/v3/events?token=${token}' -H 'Content-Type: application/json' \\
    -d '{"type":"profiles","action":"save","key":"global","object":{"Name":"global"}}'${base?.tls === true ? ' --insecure' : ''}
`;
}
