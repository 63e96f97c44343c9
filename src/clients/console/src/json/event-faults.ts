/** The places in a text which the words of a refusal name. */
import { isRfc3339 } from '../../../../model/time.ts';
import { jsonFault, jsonPlace, type Fault, type Place } from './json-fault.ts';
import { jsonIn, type JsonNode } from './json-tree.ts';

export interface Refusal {
  /** The code of the error. */
  readonly code: string;
  readonly message: string;
}

/**
 * Where the faults stand that a refusal of the hub names. The text is one event or a list. The hub does not say which event of a
 * list it means, so each that has the fault is marked. Empty if the refusal is not about a place in the text.
 */
export function faultsOf(text: string, { code, message }: Refusal): readonly Fault[] {
  if (text === '') return [];
  if (code === 'json_invalid') return [{ ...jsonPlace(text, message), message }];
  const root = jsonIn(text);
  if (root === undefined) {
    const fault = code === 'event_invalid' ? jsonFault(text) : undefined;
    return fault === undefined ? [] : [fault];
  }
  const events = root.kind === 'list' ? root.items : [root];
  if (code === 'type_reserved' || message.startsWith('The type "'))
    return events.flatMap((event) => typeIn(event, message));
  return code === 'event_invalid' ? events.flatMap((event) => invalidIn(event, message)) : [];
}

/** The type that a message names: `The type "belfry" is reserved …`, or `The type "deploy" is not usable …`. */
function typeIn(event: JsonNode, message: string): Fault[] {
  const type = /^The type "(.*)" is (?:reserved|not usable)/su.exec(message)?.[1] ?? '';
  const found = event.get('type', true);
  const isIt = message.includes('is reserved')
    ? found?.string === type || found?.string?.startsWith(`${type}.`) === true
    : found?.string?.startsWith(type) === true && isDotless(found.string);
  return found !== undefined && isIt ? [{ from: found.from, to: found.to, message }] : [];
}

/** Whether a type lacks its action: `deploy`, `.step`, `deploy.`. */
function isDotless(type: string): boolean {
  return !/^[^.]+\.[\s\S]/.test(type);
}

/** The formats say `Not a native event: <issue>; <issue>. Expected …`, and all of them together `Not an event …`. */
function invalidIn(event: JsonNode, message: string): Fault[] {
  if (message.startsWith('Not an event')) return [{ ...edgeOf(event), message }];
  const issues = /^Not an? \w+ event: (.*)\. Expected /s.exec(message)?.[1] ?? '';
  const unknown = issues.indexOf('Unrecognized key');
  const named = unknown < 0 ? '' : issues.slice(unknown);
  const surplus = event.members.filter(({ name }) => named.includes(`"${name}"`));
  return [
    ...issues.split('; ').flatMap((issue) => placesOf(event, issue).map((place) => said(place, issue))),
    ...surplus.map(({ from, value }) => said({ from, to: value.to }, 'There is no field with this name.')),
  ];
}

function said({ from, to }: Place, issue: string): Fault {
  return { from, to, message: issue };
}

function placesOf(event: JsonNode, issue: string): readonly Place[] {
  const twice = /^it has the field (\w+) twice/.exec(issue)?.[1];
  if (twice !== undefined)
    return event.members
      .filter(({ name }) => name.toLowerCase() === twice)
      .map(({ from, value }) => ({ from, to: value.to }));
  const drp = /^(\w+) is (?:missing|not a)/.exec(issue)?.[1];
  const path = drp === undefined ? issue.split(': ').slice(0, wordsAt(issue)) : [drp];
  return path.length === 0 ? [] : placeAt(event, path, issue, drp !== undefined);
}

function placeAt(event: JsonNode, path: readonly string[], issue: string, ignoreCase: boolean): Place[] {
  const isMissing = /received undefined|is missing/.test(issue);
  let at = event;
  for (const name of path) {
    const inner = at.get(name, ignoreCase);
    // What is missing is marked where it would stand. An event of a list that has it is not meant.
    if (inner === undefined) return isMissing ? [edgeOf(at)] : [];
    at = inner;
  }
  return isAtFault(at, issue) ? [at] : [];
}

/** How many names stand before the words of an issue, as in `data: name: Invalid input: expected string`. */
function wordsAt(issue: string): number {
  return issue.split(': ').findIndex((part) => part.includes(' '));
}

function isAtFault(node: JsonNode, issue: string): boolean {
  const { string } = node;
  if (/expected string|not a string/.test(issue) && string === undefined) return true;
  if (/>=1 characters|missing or empty/.test(issue)) return string === '' || node.kind === 'null';
  if (issue.includes('RFC 3339')) return string === undefined || !isRfc3339(string);
  if (issue.includes('expected an object')) return node.kind !== 'object';
  return !/expected string|not a string|received undefined/.test(issue);
}

/** The beginning of an object or a list, since to mark all of it would hide where it begins. */
function edgeOf({ from, to, kind }: JsonNode): Place {
  return { from, to: kind === 'object' || kind === 'list' ? from + 1 : to };
}
