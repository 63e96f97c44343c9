import type { Format } from '../model/format.ts';
import { CUSTOM, NAMED_TOPICS } from './provisioning-event-types.ts';

export const NATIVE = {
  name: 'native',
  whole: ['type', 'action'],
  isOpen: false,
  fields: {
    // An id that a client read elsewhere is accepted and replaced, so that an event can be published as it was heard.
    id: 'text?',
    time: 'time?',
    type: 'filled',
    action: 'filled',
    key: 'text',
    principal: 'text?',
    object: 'json?',
    original: 'json?',
    metadata: 'object?',
  },
  object: 'object',
  topic: { kind: 'fields', type: 'type', action: 'action', key: 'key' },
} as const satisfies Format;

export const DRP = {
  name: 'drp',
  whole: ['Type'],
  partly: ['Action'],
  isOpen: true,
  asGo: true,
  fields: {
    time: 'time?',
    type: 'filled',
    action: 'filled',
    key: 'text?',
    principal: 'text?',
    object: 'json?',
    original: 'json?',
  },
  object: 'object',
  topic: { kind: 'fields', type: 'type', action: 'action', key: 'key' },
} as const satisfies Format;

export const PROVISIONING = {
  name: 'provisioning',
  whole: ['event_type'],
  isOpen: false,
  fields: { event_type: 'filled', timestamp: 'time?', data: 'json', metadata: 'object?' },
  object: 'data',
  topic: { kind: 'named', name: 'event_type', topics: NAMED_TOPICS, others: CUSTOM },
} as const satisfies Format;

export const NORN = {
  name: 'norn',
  whole: ['type', 'appId', 'payload'],
  // Its document has a payload in every event; a publisher with nothing to say leaves it out.
  partly: ['type', 'appId'],
  isOpen: true,
  fields: { type: 'text', appId: 'text', payload: 'json?' },
  object: 'payload',
  topic: { kind: 'dotted', name: 'type', key: 'appId' },
} as const satisfies Format;

export const DORGU = {
  name: 'dorgu',
  whole: ['type', 'data.name'],
  isOpen: true,
  fields: { type: 'text', data: 'object' },
  object: 'data',
  topic: { kind: 'dotted', name: 'type', key: 'data.name' },
} as const satisfies Format;

/** Every format in which publishers write events, in the order in which one is looked for. Mist has none of its own. */
export const FORMATS = [NATIVE, DRP, PROVISIONING, NORN, DORGU] as const;
