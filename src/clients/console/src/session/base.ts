/** The address of the hub, which ends with a slash. The console is served one folder below it, also behind a proxy. */
export const BASE = new URL('../', location.origin + location.pathname.replace(/[^/]*$/, '')).href;
