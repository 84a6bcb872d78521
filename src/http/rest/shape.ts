import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { schema } from '../../graph/build/schema';
import { number } from './adapter';
import { described, type JsonSchema, type NamedSchemas, orNull } from './json-schema';
import { spelled } from './words';

/*
 * What replies hold, declared once. The selection of a query, the reply that is written and the OpenAPI document follow from
 * the same fields.
 */

/** What the graph, or a row with the same names, shows of an object. */
export type Shown = Readonly<Record<string, unknown>>;

/** A value that follows from other fields. `reads`: the selection that `value` needs. */
export class Made {
  constructor(
    readonly schema: JsonSchema,
    readonly value: (shown: Shown) => unknown,
    readonly reads = '',
  ) {}
}

/**
 * What an edge of the graph leads to: the nodes of a connection, the entries of a list, or one object. `args`: the arguments of the
 * field. `when`: the Boolean variable of the query that asks for it; without it, it is always there.
 */
export class Nodes {
  constructor(
    readonly field: string,
    readonly of: Published,
    readonly args: string,
    readonly when?: string,
  ) {}

  /** The name in the result of a query. What is asked for by a variable must not be mixed up with paths that are always there. */
  get alias(): string {
    return this.when ?? this.field;
  }
}

/** A path into the graph, such as `account.id`; what is made of other fields; or the nodes of a connection. */
type PublishedField = string | Made | Nodes;

/** Fields that have the same name on the graph. */
export const same = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, name]));

/** A type of the graph under its published names. `name`: the name of its schema in the OpenAPI document. */
export class Published {
  private writers?: [name: string, write: (shown: Shown) => unknown][];

  constructor(
    readonly type: string,
    readonly fields: Readonly<Record<string, PublishedField>>,
    readonly name = type,
  ) {}

  /** What a query has to select. */
  get selection(): string {
    return Object.values(this.fields)
      .map((field) => selected(field, this.type))
      .join(' ');
  }

  /** An object under its published names. Decimals become exact numbers. A path that meets null is null. */
  write(shown: object): Record<string, unknown> {
    this.writers ??= Object.entries(this.fields).map(([name, field]) => [name, this.writerOf(field)]);
    const written = this.writers.map(([name, write]): [string, unknown] => [name, write(shown as Shown)]);
    return Object.fromEntries(written.filter(([, value]) => value !== undefined));
  }

  /** A reference to the schema of the object. */
  schemaIn(schemas: NamedSchemas): JsonSchema {
    return schemas.named(this.name, () => this.objectSchema(schemas));
  }

  /** The schema itself. */
  objectSchema(schemas: NamedSchemas): JsonSchema {
    const fields = Object.entries(this.fields);
    const isOptional = (field: PublishedField) => field instanceof Nodes && field.when !== undefined;
    return {
      type: 'object',
      ...described({}, objectType(this.type).description),
      required: fields.filter(([, field]) => !isOptional(field)).map(([name]) => name),
      properties: Object.fromEntries(fields.map(([name, field]) => [name, this.schemaOfField(field, schemas)])),
    };
  }

  private schemaOfField(field: PublishedField, schemas: NamedSchemas): JsonSchema {
    if (field instanceof Made) return field.schema;
    if (field instanceof Nodes) {
      const { description, type } = objectType(this.type).getFields()[field.field];
      const items = field.of.schemaIn(schemas);
      const one = isNonNullType(type) ? items : orNull(items);
      return described(edgeOf(this.type, field.field) === 'one' ? one : { type: 'array', items }, description);
    }
    return schemaOfPath(this.type, field, schemas);
  }

  private writerOf(field: PublishedField): (shown: Shown) => unknown {
    if (field instanceof Made) return field.value;
    if (field instanceof Nodes) {
      return (shown) => led(edgeOf(this.type, field.field), shown[field.alias], (each) => field.of.write(each));
    }
    const steps = field.split('.');
    const { type } = walk(this.type, field);
    return (shown) =>
      written(
        type,
        steps.reduce<unknown>((at, step) => (at as Shown | null | undefined)?.[step], shown),
      );
  }
}

/** A form that may be null. */
export class Nullable {
  constructor(readonly form: Form) {}
}

/** A field that may be absent. */
export class Optional {
  constructor(readonly form: Form) {}
}

/**
 * What a reply holds. A text is a path into the graph: from a type where it begins with one, such as `Order.account.id`, otherwise
 * from the noun of the operation. A list has the form of its entries, and a description.
 */
export type Form = string | Published | Made | Nullable | Optional | List | Fields;
type List = readonly [entries: Form, description: string];
/** The fields of an object. */
export interface Fields {
  readonly [name: string]: Form;
}

/** The schema of a form. `noun`: the type of the graph that its paths begin at. */
export function schemaOfForm(form: Form, noun: string, schemas: NamedSchemas): JsonSchema {
  if (typeof form === 'string') {
    const [, type = noun, path] = /^(?:([A-Z]\w*)\.)?(.+)$/.exec(form)!;
    return schemaOfPath(type, path, schemas);
  }
  if (form instanceof Published) return form.schemaIn(schemas);
  if (form instanceof Made) return form.schema;
  if (form instanceof Optional) return schemaOfForm(form.form, noun, schemas);
  if (form instanceof Nullable) return orNull(schemaOfForm(form.form, noun, schemas));
  if (isList(form)) {
    const [entries, description] = form;
    return { type: 'array', items: schemaOfForm(entries, noun, schemas), description };
  }
  const properties = Object.entries(form).map(([name, inner]) => [name, schemaOfForm(inner, noun, schemas)]);
  const required = Object.keys(form).filter((name) => !(form[name] instanceof Optional));
  return { type: 'object', required, properties: Object.fromEntries(properties) };
}

const isList = (form: Fields | List): form is List => Array.isArray(form);

function selected(field: PublishedField, type: string): string {
  if (field instanceof Made) return field.reads;
  if (field instanceof Nodes) {
    const include = field.when ? ` @include(if: $${field.when})` : '';
    const inner = field.of.selection;
    const isPaged = edgeOf(type, field.field) === 'connection';
    return `${field.alias}: ${field.field}${field.args}${include} { ${isPaged ? `nodes { ${inner} }` : inner} }`;
  }
  return field.split('.').reduceRight((inner, step) => (inner ? `${step} { ${inner} }` : step), '');
}

/** What the field of an edge holds. */
function edgeOf(type: string, field: string): 'connection' | 'list' | 'one' {
  const edge = objectType(type).getFields()[field].type;
  if (isListType(getNullableType(edge))) return 'list';
  return getNamedType(edge).name.endsWith('Connection') ? 'connection' : 'one';
}

/** What an edge shows, each object written; undefined if it was not asked for. */
function led(edge: 'connection' | 'list' | 'one', shown: unknown, write: (each: Shown) => unknown): unknown {
  if (shown === undefined || shown === null) return shown;
  if (edge === 'one') return write(shown as Shown);
  return (edge === 'list' ? (shown as Shown[]) : (shown as { nodes: Shown[] }).nodes).map(write);
}

function objectType(name: string): GraphQLObjectType {
  const type = schema().getType(name);
  if (!isObjectType(type)) throw new Error(`The graph has no object type ${name}.`);
  return type;
}

/** Where a path leads: the type at its end, the fields on the way, and whether null may be met before the last. */
function walk(from: string, path: string) {
  const fields: GraphQLField<unknown, unknown>[] = [];
  let type: GraphQLNamedType = objectType(from);
  for (const step of path.split('.')) {
    const field: GraphQLField<unknown, unknown> | undefined = isObjectType(type) ? type.getFields()[step] : undefined;
    if (!field) throw new Error(`The graph has no ${from}.${path}.`);
    fields.push(field);
    type = getNamedType(field.type);
  }
  return { type, fields, nullable: fields.slice(0, -1).some((field) => !isNonNullType(field.type)) };
}

/** REST writes `{}` where there are no custom fields. */
function schemaOfPath(from: string, path: string, schemas: NamedSchemas): JsonSchema {
  const { type, fields, nullable } = walk(from, path);
  const last = fields[fields.length - 1];
  const description = fields.map((field) => field.description).join(' ');
  const bare = schemas.written(last.type);
  if (type.name === 'JSONObject') return described({ ...bare, type: 'object' }, description);
  return described(nullable ? orNull(bare) : bare, description);
}

function written(type: GraphQLNamedType, value: unknown): unknown {
  if (type.name === 'JSONObject') return value ?? {};
  if (value === null || value === undefined) return null;
  if (type.name === 'Decimal') return number(String(value));
  return isEnumType(type) ? spelled(type.name, String(value)) : value;
}
