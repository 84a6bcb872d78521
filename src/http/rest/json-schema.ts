import {
  type GraphQLEnumType,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLNullableType,
  type GraphQLType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql';
import { onlyNull, publishedNames, spelled, takesCustomFields } from './words';

/** A schema of JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const customFieldValue = { type: ['string', 'number', 'boolean', 'null'] };

/** The scalars of the graph as JSON. REST writes decimals as numbers, and reads texts too. */
const scalars: Record<string, { written: JsonSchema; read?: JsonSchema }> = {
  ID: { written: { type: 'string' } },
  String: { written: { type: 'string' } },
  Int: { written: { type: 'integer' } },
  Boolean: { written: { type: 'boolean' } },
  Date: { written: { type: 'string', format: 'date' } },
  DateTime: { written: { type: 'string', format: 'date-time' } },
  Decimal: { written: { type: 'number' }, read: { type: ['number', 'string'] } },
  JSONObject: { written: { type: 'object', additionalProperties: customFieldValue } },
};

/** A schema that also admits null. */
export function orNull(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  if (typeof type !== 'string' && !Array.isArray(type)) return { anyOf: [schema, { type: 'null' }] };
  return { ...schema, type: [...new Set([type, 'null'].flat())] };
}

/** A schema with a description, also where it is a reference. */
export const described = (schema: JsonSchema, description: string | null | undefined): JsonSchema =>
  description ? { ...schema, description } : schema;

/** The values of an enum in their published spelling, and what each means. */
function enumSchema(type: GraphQLEnumType): JsonSchema {
  const values = type.getValues().map(({ name, description }) => ({ name: spelled(type.name, name), description }));
  const meanings = values.map(({ name, description }) => `- ${name}${description ? `: ${description}` : ''}`);
  return {
    type: 'string',
    description: [type.description, '', ...meanings].join('\n'),
    enum: values.map(({ name }) => name),
  };
}

const nothing = { type: 'null', description: 'Only null: a value would change how the line item is billed.' };

/** The named schemas of a document. Each is made once, when something first refers to it. */
export class NamedSchemas {
  readonly all: Record<string, JsonSchema> = {};

  /** A reference to a schema, which `make` makes unless it is there. */
  named(name: string, make: () => JsonSchema): JsonSchema {
    if (!(name in this.all)) {
      this.all[name] = {};
      this.all[name] = make();
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** What REST writes for a value of a type of the graph that is no object. */
  written(type: GraphQLType): JsonSchema {
    return this.schemaOf(type, (name) => scalars[name].written);
  }

  /** What REST reads for an input type of the graph. */
  read(type: GraphQLType): JsonSchema {
    return this.schemaOf(type, (name) => scalars[name].read ?? scalars[name].written);
  }

  private schemaOf(type: GraphQLType, scalar: (name: string) => JsonSchema): JsonSchema {
    if (!isNonNullType(type)) return orNull(this.bare(type, scalar));
    return this.bare(type.ofType, scalar);
  }

  private bare(type: GraphQLNullableType, scalar: (name: string) => JsonSchema): JsonSchema {
    if (isListType(type)) return { type: 'array', items: this.schemaOf(type.ofType, scalar) };
    if (isEnumType(type)) return this.named(type.name, () => enumSchema(type));
    if (isInputObjectType(type)) return this.named(type.name, () => this.fieldsOf(type));
    return scalar(type.name);
  }

  /** The schema of an input object, with what REST takes beside the graph. */
  fieldsOf(type: GraphQLInputObjectType): JsonSchema {
    const fields = Object.values(type.getFields());
    const required = fields.filter(isRequiredInputField).map(({ name }) => name);
    return {
      type: 'object',
      ...(type.description && { description: type.description }),
      ...(required.length && { required }),
      properties: {
        ...Object.fromEntries(fields.flatMap((field) => this.propertiesOf(field))),
        ...Object.fromEntries(onlyNull(type.getFields()).map((name) => [name, nothing])),
      },
      ...(takesCustomFields(type) && {
        patternProperties: { __c$: { ...customFieldValue, description: 'A custom field, as in customFields.' } },
      }),
      additionalProperties: false,
    };
  }

  private propertiesOf({ name, type, description, defaultValue, deprecationReason }: GraphQLInputField) {
    const schema = {
      ...described(this.read(type), description),
      ...(defaultValue !== undefined && defaultValue !== null && { default: defaultValue }),
      ...(deprecationReason && { deprecated: true }),
    };
    const published = publishedNames[name];
    return [[name, schema], ...(published ? [[published, { ...schema, description: `The same as ${name}.` }]] : [])];
  }
}
