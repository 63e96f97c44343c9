import { createRequire } from 'node:module';
import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);

/** The faults that a validator finds in a value. The list is empty when the value fits. */
export type Complaints = (value: unknown) => string[];

/** Makes validators for the schemas within a document. A JSON pointer selects the schema. */
export function validatorsOf(document: object, draft: '7' | '2020'): (pointer: string) => Complaints {
  const ajv = draft === '7' ? new Ajv({ strict: false }) : new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: 'document' });
  return (pointer) => {
    const validate = ajv.getSchema(`document#${pointer}`);
    if (validate === undefined) throw new Error(`nothing is described at ${pointer}`);
    return complaintsOf(validate);
  };
}

/** Checks a document against the official schema of AsyncAPI 3.0. */
export function asyncApiComplaints(): Complaints {
  // The schema of AsyncAPI contains the schema of draft 7.
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
  addFormats.default(ajv);
  return complaintsOf(ajv.compile(require('@asyncapi/specs/schemas/3.0.0.json') as AnySchema));
}

function complaintsOf(validate: ValidateFunction): Complaints {
  return (value) => {
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}
