import { DEFAULT_REDACTION, type RedactionRule } from '../../src/model/redaction-rules.ts';

/** Rules for names, endings and paths, for all events and for some, for everybody and with exceptions. */
export const RULES_OF_ALL_KINDS: readonly RedactionRule[] = [
  ...DEFAULT_REDACTION,
  {
    fields: ['object.a', 'object.b.*name', 'original.*.a', 'metadata.id', 'object.value.*', 'object.data.b'],
  },
  { fields: ['n*e', 'id', 'key', 'task_id', 'pin'], events: 'profiles,task.save,status_changed,step.*' },
  { fields: ['b', 'kind'], events: '*.*.secret,card[]' },
  { fields: ['value'], events: 'profiles.*.*' },
  { fields: ['a'], except: ['some'] },
];
