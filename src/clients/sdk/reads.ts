/** What reads from the hub by requests. It is loaded when the first of it is used. */
export { presence } from './presence.ts';
export { history, latest, list } from './values.ts';
