/** The tasks that every client is compared by, and what each of them is, as a reader of the table sees it. */
export const TASKS = {
  listen: 'listen to the events of a pattern',
  resume: 'go on after a lost connection',
  gap: 'learn that something was missed',
  renew: 'renew the token',
  publish: 'publish with a receipt, and never twice',
  state: 'show the state of the connection',
  latest: 'show the last value, then each change',
  tabs: 'one connection for all tabs',
  history: 'read what was',
  test: 'test without a server',
} as const;

export type Task = keyof typeof TASKS;

/** What is to be said of tasks, beside the lines of their functions, or instead where a client needs no code or cannot do it. */
export type Remarks = Readonly<Partial<Record<Task, string>>>;

export type TokenOf = () => Promise<string>;
export type Show = (shown: unknown) => void;
