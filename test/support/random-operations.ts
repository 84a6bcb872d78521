import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { schema } from '../../src/graph/build/schema';

/*
 * Random requests, made from the schema: queries, and mutations that are rehearsed. What is odd about them is what requests of
 * real clients have been: variables that are absent, null, [] or of a wrong type, names that are wrong or empty, aliases,
 * fragments and conditions everywhere. The same seed makes the same requests.
 */

/** Choices of a seed (mulberry32). */
export class Choices {
  constructor(private state: number) {}

  private next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

export interface RandomRequest {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
  kind: 'query' | 'mutation';
}

/** What keys and ids may name, by the noun. */
export type Facts = Readonly<Record<string, readonly string[]>>;

interface Variable {
  name: string;
  type: string;
  default?: string;
  value: unknown;
  absent: boolean;
}

/** Leaves that a place in a document has no better value for. */
const leaves: Record<string, readonly unknown[]> = {
  Int: [0, 1, 2, 3, 3, 2, 1, -1, 1000],
  Boolean: [true, false],
  String: ['x', '', 'DHL', 'é\u2028"', 'USD', 'tok_ok'],
  Date: ['2022-01-01', '2022-01-31', '2999-12-31'],
  DateTime: ['2022-01-01T00:00:00Z', '2030-01-01T00:00:00+02:00'],
  Decimal: ['1', '0.5', 2, '500', '13.000000001'],
  JSONObject: [{}, { a__c: 'x' }, { a__c: null, b__c: 1 }, { a: 'no custom field' }],
};

const wrong: readonly unknown[] = [5, 'x', {}, true, [1], [null], [[]], { color: 'red' }, 1.5];

/** Makes one request from the choices of a seed. */
export class RequestMaker {
  private readonly variables: Variable[] = [];
  private readonly fragments: string[] = [];
  private names = 0;

  constructor(
    private readonly choices: Choices,
    private readonly facts: Facts,
  ) {}

  request(): RandomRequest {
    const { choices } = this;
    const kind = choices.chance(70) ? 'query' : 'mutation';
    const type = (kind === 'query' ? schema().getQueryType() : schema().getMutationType())!;
    const roots = kind === 'query' ? settledFields(type) : rehearsals;
    // A mutation that is rehearsed stands alone; two of them are refused.
    const count = kind === 'query' ? 1 + choices.below(2) : choices.chance(95) ? 1 : 2;
    const fields = Array.from({ length: count }, () => this.field(type, choices.pick(roots), 3));
    if (choices.chance(20)) fields.push('__typename');
    const name = choices.chance(50) ? 'Main' : '';
    const declared = this.variables.map(
      (each) => `$${each.name}: ${each.type}${each.default ? ` = ${each.default}` : ''}`,
    );
    const own = `${kind}${name && ` ${name}`}${declared.length ? ` (${declared.join(', ')})` : ''} { ${fields.join(' ')} }`;
    const others = name && choices.chance(20) ? ['query Other { __typename }'] : [];
    const query = [own, ...others, ...this.fragments].join('\n');
    const given = this.variables.filter(({ absent }) => !absent).map((each) => [each.name, each.value]);
    const variables = Object.fromEntries(given) as Record<string, unknown>;
    return { query, variables, operationName: this.operationName(name, others.length > 0), kind };
  }

  private operationName(name: string, needed: boolean): string | undefined {
    if (this.choices.chance(8)) return this.choices.pick(['Wrong', '', 'main']);
    return name && (needed || this.choices.chance(30)) ? name : undefined;
  }

  private field(parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>, depth: number): string {
    const { choices } = this;
    const given = field.args.flatMap((argument) => {
      if (argument.name === 'dryRun') return [this.rehearsal()];
      const needed = isNonNullType(argument.type) && argument.defaultValue === undefined;
      if (!needed && !choices.chance(35)) return [];
      const hint = `${field.name} ${argument.name}`;
      return [`${argument.name}: ${this.value(argument.type, hint, argument.defaultValue !== undefined)}`];
    });
    const alias = given.length || choices.chance(15) ? `${this.newName('f')}: ` : '';
    const odd = choices.chance(1) ? '__proto__: ' : alias;
    const target = getNamedType(field.type);
    const below = isLeafType(target) ? '' : ` { ${this.selection(target, depth)} }`;
    const root = parent === schema().getMutationType();
    return `${odd}${field.name}${given.length ? `(${given.join(', ')})` : ''}${root ? '' : this.condition()}${below}`;
  }

  /** True in every spelling; or null, which is refused. */
  private rehearsal(): string {
    const { choices } = this;
    if (choices.chance(70)) return 'dryRun: true';
    const [type, fallback, value, absent] = choices.pick<[string, string | undefined, unknown, boolean]>([
      ['Boolean!', undefined, true, false],
      ['Boolean', 'true', undefined, true],
      ['Boolean', undefined, null, false],
      ['Boolean', 'true', null, false],
      ['Boolean!', 'true', [], false],
    ]);
    const name = this.newName('dry');
    this.variables.push({ name, type, default: fallback, value, absent });
    return `dryRun: $${name}`;
  }

  private condition(): string {
    const { choices } = this;
    if (!choices.chance(8)) return '';
    const directive = choices.pick(['@include', '@skip']);
    if (choices.chance(30)) return ` ${directive}(if: ${choices.chance(50)})`;
    const name = this.newName('c');
    const value = choices.pick([true, false, true, null, undefined]);
    const type = choices.chance(50) ? 'Boolean!' : 'Boolean';
    this.variables.push({
      name,
      type,
      default: type === 'Boolean' ? 'true' : undefined,
      value,
      absent: value === undefined,
    });
    return ` ${directive}(if: $${name})`;
  }

  private selection(type: GraphQLNamedType, depth: number): string {
    const { choices } = this;
    if (isAbstractType(type)) {
      const possible = schema().getPossibleTypes(type);
      const parts = Array.from({ length: 2 }, () => {
        const own = choices.pick(possible);
        return `... on ${own.name}${this.condition()} { ${this.selection(own, depth - 1)} }`;
      });
      return ['__typename', ...parts].join(' ');
    }
    const fields = settledFields(type as GraphQLObjectType);
    const [simple, deep] = [fields.filter(isSimple), fields.filter((field) => !isSimple(field))];
    const parts: string[] = [];
    for (let count = 1 + choices.below(4); count > 0; count--) {
      const field = deep.length && depth > 0 && (choices.chance(45) || !simple.length) ? choices.pick(deep) : undefined;
      if (field) parts.push(this.field(type, field, depth - 1));
      else if (simple.length) parts.push(this.field(type, choices.pick(simple), depth));
    }
    if (!parts.length || choices.chance(15)) parts.push('__typename');
    const all = parts.join(' ');
    if (!choices.chance(12)) return all;
    if (choices.chance(50)) return `... on ${type.name}${this.condition()} { ${all} } __typename`;
    const name = this.newName('Part');
    this.fragments.push(`fragment ${name} on ${type.name} { ${all} }`);
    return `...${name}${this.condition()} ...${name} __typename`;
  }

  /** A value, written out or as a variable. */
  private value(type: GraphQLInputType, hint: string, hasDefault: boolean, depth = 0): string {
    const { choices } = this;
    if (choices.chance(depth ? 20 : 45)) return `$${this.variable(type, hint, hasDefault)}`;
    if (isNonNullType(type)) return this.written(type.ofType, hint, depth);
    return choices.chance(5) ? 'null' : this.written(type, hint, depth);
  }

  private written(type: GraphQLInputType, hint: string, depth: number): string {
    const { choices } = this;
    const bare = getNullableType(type);
    if (isListType(bare)) {
      const entries = Array.from({ length: choices.below(3) }, () => this.value(bare.ofType, hint, false, depth + 1));
      return `[${entries.join(', ')}]`;
    }
    if (isInputObjectType(bare)) {
      const fields = Object.values(bare.getFields()).flatMap((field) => {
        const needed = isNonNullType(field.type) && field.defaultValue === undefined;
        if (!needed && (depth > 3 || !choices.chance(25))) return [];
        const value = this.value(field.type, `${hint} ${field.name}`, field.defaultValue !== undefined, depth + 1);
        return [`${field.name}: ${value}`];
      });
      return `{${fields.join(', ')}}`;
    }
    const named = getNamedType(bare);
    if (named.name === 'JSONObject' && choices.chance(50)) {
      const name = this.variable(schema().getType('String') as GraphQLInputType, hint, false);
      return `{a__c: $${name}, b__c: "x", c__c: [1, $${name}]}`;
    }
    return isEnumType(named) ? choices.pick(named.getValues()).name : literal(this.leaf(named.name, hint));
  }

  private variable(type: GraphQLInputType, hint: string, hasDefault: boolean): string {
    const { choices } = this;
    const name = this.newName('v');
    // GraphQL lets a nullable variable stand where there is a default.
    const looser = isNonNullType(type) && hasDefault && choices.chance(60) ? type.ofType : type;
    const odd = choices.below(100);
    const [absent, value] =
      odd < 12
        ? [true, undefined]
        : odd < 22
          ? [false, null]
          : odd < 28
            ? [false, []]
            : odd < 35
              ? [false, choices.pick(wrong)]
              : [false, this.json(type, hint)];
    this.variables.push({ name, type: String(looser), value, absent });
    return name;
  }

  /** A value of a type, as JSON. */
  valueOf(type: GraphQLInputType, hint: string): unknown {
    return this.json(type, hint);
  }

  private json(type: GraphQLInputType, hint: string, depth = 0): unknown {
    const { choices } = this;
    const bare = getNullableType(type);
    if (isListType(bare))
      return Array.from({ length: choices.below(3) }, () => this.json(bare.ofType, hint, depth + 1));
    if (isInputObjectType(bare)) {
      const fields = Object.values(bare.getFields()).flatMap((field) => {
        const needed = isNonNullType(field.type) && field.defaultValue === undefined;
        if (!needed && (depth > 3 || !choices.chance(25))) return [];
        return [[field.name, this.json(field.type, `${hint} ${field.name}`, depth + 1)]];
      });
      return Object.fromEntries(fields);
    }
    const named = getNamedType(bare);
    return isEnumType(named) ? choices.pick(named.getValues()).name : this.leaf(named.name, hint);
  }

  private leaf(scalar: string, hint: string): unknown {
    const { choices, facts } = this;
    if (scalar !== 'ID' && !/number/i.test(hint.split(' ').at(-1)!)) return choices.pick(leaves[scalar] ?? ['x']);
    const fitting = Object.keys(facts).filter((noun) => hint.toLowerCase().includes(noun.toLowerCase()));
    return choices.chance(10)
      ? 'nothing'
      : choices.pick(facts[choices.pick(fitting.length ? fitting : Object.keys(facts))]);
  }

  private newName(prefix: string): string {
    return `${prefix}${this.names++}`;
  }
}

/** The mutations that can be rehearsed. */
export const rehearsals = Object.values(schema().getMutationType()!.getFields()).filter(({ args }) =>
  args.some(({ name }) => name === 'dryRun'),
);

/** How far events go at a moment, and what a client has used by then, differs from one request to the next. */
const moving = [
  ...['Query.events', 'Client.usage', 'ClientSecret.lastUsedDate'],
  ...['RegisteredDocument.useCount', 'RegisteredDocument.lastUsedDate'],
];
const settledFields = (type: GraphQLObjectType) =>
  Object.values(type.getFields()).filter(({ name }) => !moving.includes(`${type.name}.${name}`));
const isSimple = (field: GraphQLField<unknown, unknown>): boolean => isLeafType(getNamedType(field.type));

/** A JSON value as GraphQL writes it. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}: ${literal(inner)}`)
    .join(', ')}}`;
}

/** Random values for the variables of an operation that somebody wrote, some of them odd. */
export function variablesFor(
  definitions: readonly { name: string; type: GraphQLInputType; required: boolean }[],
  choices: Choices,
  facts: Facts,
): Record<string, unknown> {
  const maker = new RequestMaker(choices, facts);
  return Object.fromEntries(
    definitions.flatMap(({ name, type, required }) => {
      const odd = choices.below(100);
      if (odd < (required ? 3 : 20)) return [];
      if (odd < (required ? 6 : 30)) return [[name, null]];
      if (odd < (required ? 9 : 34)) return [[name, []]];
      return [[name, maker.valueOf(type, name)]];
    }),
  );
}
