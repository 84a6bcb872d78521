import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isEnumType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import { maxEntries } from '../../domain/fulfillment-create';
import { defaultPageSize } from '../../domain/limits';
import { allEdges, edges } from '../model/edges';

/**
 * The cost of an object: the server holds about this many bytes in addition to its values while it builds the reply. Without
 * this cost, objects would be the cheapest way to fill the memory.
 */
export const objectCost = 100;

/** Number of objects in a list that is no page, unless `sizes` says otherwise. */
const usualSize = 10;

/** Characters of a value in JSON, by its type. For a text, unless `fieldLengths` says otherwise. */
const lengths: Readonly<Record<string, number>> = {
  Boolean: 5,
  Int: 5,
  Decimal: 10,
  Date: 12,
  DateTime: 26,
  ID: 34,
  // Ten times the usual length: custom fields may hold 10,000 characters, and are read before they can be counted.
  JSONObject: 1_000,
  String: 24,
};
const enumLength = 16;

/** Fields whose texts are longer than most. */
const fieldLengths: Readonly<Record<string, number>> = {
  '_Service.sdl': 220_000,
  'PageInfo.startCursor': 120,
  'PageInfo.endCursor': 120,
  '__Type.description': 200,
  '__Field.description': 200,
  '__InputValue.description': 200,
  '__EnumValue.description': 100,
};
const cursorLength = 120;

/**
 * The cost of reading beyond the rows that the reply shows: as many bytes of a reply as take about as long. A count of
 * a million fulfillments takes as long as some 3 MB of reply. A preview reads everything that is yet to be billed.
 */
export const readingCosts: Readonly<Record<string, number>> = {
  'Query.fulfillmentSummary': 5_000_000,
  'Query.fulfillmentCounts': 3_000_000,
  'Query.previewBillRun': 10_000_000,
};
/** The cost of a `totalCount`: of a whole list, and of the rows that belong to one object. */
export const countCosts = { root: 3_000_000, edge: 2_000 } as const;
/** The cost of an object with `asOf`, which takes half a millisecond. Every 200 later changes take as long again. */
export const pastCost = 20_000;

/** The sizes that edges declare. */
const shortEdges = Object.fromEntries(
  allEdges.flatMap((name): [string, number][] => {
    const edge = edges[name];
    return edge.form === 'list' && edge.size !== undefined ? [[name, edge.size]] : [];
  }),
);

/** Approximate number of objects in lists that are shorter or longer than usual. */
export const sizes: Readonly<Record<string, number>> = {
  ...shortEdges,
  'Fulfillment.allowedTransitions': 4,
  'Fulfillment.billingDocuments': 2,
  'FulfillmentTransition.blockedBy': 2,
  'OrderLineItem.allowedTransitions': 4,
  'OrderLineItemTransition.blockedBy': 2,
  'Invoice.allowedActions': 4,
  'CreditMemo.allowedActions': 4,
  'BillRun.allowedActions': 3,
  'DocumentActionState.blockedBy': 2,
  'BillRunActionState.blockedBy': 2,
  'Client.secrets': 3,
  'Client.usage': 30,
  'ClientDay.errors': 5,
  '__Schema.types': 250,
  '__Type.fields': 12,
  '__Type.inputFields': 5,
  '__Type.enumValues': 3,
  '__Type.interfaces': 1,
  '__Type.possibleTypes': 1,
  '__Field.args': 2,
  '__Directive.args': 1,
};

/**
 * The price of a selection. `own` counts once, and `perRow` counts for each row of the page or payload around the
 * selection. `counts` is the number of total counts, whose price depends on where the page stands.
 */
interface Cost {
  own: number;
  perRow: number;
  counts: number;
}

const nothing: Cost = { own: 0, perRow: 0, counts: 0 };

/** `"name":value,` */
const named = (node: FieldNode, value: number): number => (node.alias ?? node.name).value.length + 4 + value;

/**
 * Estimates the cost of the reply to an operation from its document and variables alone: about the bytes of memory that
 * the server needs to build the reply. Each value counts with its name and its usual length, and each object with
 * `objectCost` besides. A page has as many rows as `first` or `last` says. The lists of a mutation's payload are as
 * long as the longest list in its arguments; other lists have the sizes above. Counts and sums cost what they may read.
 * Selections that @skip and @include leave out cost nothing. The document must be valid. The time for the estimate
 * grows with the length of the document, however often fragments are spread.
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Readonly<Record<string, unknown>>,
  maxPageSize: number,
): number {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!root) return 0;
  const key = keyOf(variables, maxPageSize);
  const known = key === undefined ? undefined : remembered(operation);
  let cost = known?.get(key!);
  if (cost === undefined) {
    cost = priceOf(schema, document, operation, root.name, variables, maxPageSize);
    if (known && known.size < mostRemembered) known.set(key!, cost);
  }
  return cost;
}

/** Prices of an operation, by the part of its variables that a price depends on. */
const prices = new WeakMap<OperationDefinitionNode, Map<string, number>>();
const mostRemembered = 20;

function remembered(operation: OperationDefinitionNode): Map<string, number> {
  let known = prices.get(operation);
  if (!known) {
    known = new Map();
    prices.set(operation, known);
  }
  return known;
}

/**
 * The cache key of a price: numbers and booleans as they are, without texts. Undefined if a variable is a list or an
 * object; then the price is not cached.
 */
function keyOf(variables: Readonly<Record<string, unknown>>, maxPageSize: number): string | undefined {
  let key = String(maxPageSize);
  for (const name in variables) {
    const value = variables[name];
    if (typeof value === 'object' && value !== null) return undefined;
    key += ` ${name}=${typeof value === 'string' ? '' : String(value)}`;
  }
  return key;
}

function priceOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  rootType: string,
  variables: Readonly<Record<string, unknown>>,
  maxPageSize: number,
): number {
  const given = { ...variables };
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    if (given[name] === undefined && defaultValue) given[name] = valueFromASTUntyped(defaultValue);
  }
  return new Pricing(schema, document, given, maxPageSize).selections(operation.selectionSet, rootType).own;
}

class Pricing {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly known = new Map<string, Cost>();
  private readonly queryType: string | undefined;
  private readonly subscriptionType: string | undefined;

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Readonly<Record<string, unknown>>,
    private readonly maxPageSize: number,
  ) {
    this.queryType = schema.getQueryType()?.name;
    this.subscriptionType = schema.getSubscriptionType()?.name;
    for (const node of document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(node.name.value, node);
    }
  }

  selections({ selections }: SelectionSetNode, type: string): Cost {
    const sum = { ...nothing };
    for (const node of selections) {
      if (node.directives?.length && this.isLeftOut(node.directives)) continue;
      const { own, perRow, counts } = this.selection(node, type);
      sum.own += own;
      sum.perRow += perRow;
      sum.counts += counts;
    }
    return sum;
  }

  private selection(node: SelectionNode, type: string): Cost {
    if (node.kind === Kind.FIELD) return this.field(node, type);
    if (node.kind === Kind.INLINE_FRAGMENT) {
      return this.selections(node.selectionSet, node.typeCondition?.name.value ?? type);
    }
    const name = node.name.value;
    let cost = this.known.get(name);
    if (!cost) {
      const { selectionSet, typeCondition } = this.fragments.get(name)!;
      cost = this.selections(selectionSet, typeCondition.name.value);
      this.known.set(name, cost);
    }
    return cost;
  }

  private field(node: FieldNode, owner: string): Cost {
    const field = this.definition(owner, node.name.value);
    // A subscription reads what the field of the same name of Query reads.
    const type = owner === this.subscriptionType ? this.queryType : owner;
    if (!field) return { ...nothing, own: named(node, lengths.String) };
    const target = getNamedType(field.type);
    const isList = isListType(getNullableType(field.type));
    const reading = (readingCosts[`${type}.${field.name}`] ?? 0) + (this.asksForPast(node) ? pastCost : 0);
    if (!node.selectionSet) {
      const length = lengthOf(owner, field.name, target);
      const own = named(node, isList ? (sizes[`${type}.${field.name}`] ?? usualSize) * (length + 1) : length);
      return { own: own + reading, perRow: 0, counts: isPage(owner) && field.name === 'totalCount' ? 1 : 0 };
    }
    const inner = this.selections(node.selectionSet, target.name);
    const counted = inner.counts * (type === this.queryType ? countCosts.root : countCosts.edge);
    const one = objectCost + inner.own + counted + (inner.perRow && inner.perRow * this.rows(node, target.name));
    if (!isList) return { own: named(node, one) + reading, perRow: 0, counts: 0 };
    if (isPage(owner) || isPayload(owner)) return { own: named(node, 2), perRow: one, counts: 0 };
    const size = sizes[`${type}.${field.name}`] ?? Math.max(usualSize, this.entries(node));
    return { own: named(node, size * one) + reading, perRow: 0, counts: 0 };
  }

  private definition(type: string, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    const found = this.schema.getType(type);
    return found && 'getFields' in found
      ? (found.getFields()[name] as GraphQLField<unknown, unknown> | undefined)
      : undefined;
  }

  /** Number of rows that `node` leads to. */
  private rows(node: FieldNode, target: string): number {
    if (isPayload(target)) return Math.max(usualSize, this.entries(node));
    const asked = this.value(node, 'first') ?? this.value(node, 'last') ?? Math.min(defaultPageSize, this.maxPageSize);
    // The list itself refuses a number that is out of bounds.
    return typeof asked === 'number' ? Math.min(Math.max(asked, 0), this.maxPageSize) : defaultPageSize;
  }

  private asksForPast(node: FieldNode): boolean {
    const value = node.arguments?.find((argument) => argument.name.value === 'asOf')?.value;
    if (value?.kind === Kind.VARIABLE) return this.variables[value.name.value] != null;
    return value !== undefined && value.kind !== Kind.NULL;
  }

  private value(node: FieldNode, name: string): unknown {
    const value = node.arguments?.find((argument) => argument.name.value === name)?.value;
    return value && this.read(value);
  }

  private read(value: ValueNode): unknown {
    if (value.kind === Kind.VARIABLE) return this.variables[value.name.value];
    if (value.kind === Kind.INT) return Number(value.value);
    return value.kind === Kind.BOOLEAN ? value.value : undefined;
  }

  /**
   * Length of the longest list among the arguments, and in an input object among them. The rules refuse a longer list
   * than `maxEntries`.
   */
  private entries(node: FieldNode): number {
    const longest = (node.arguments ?? []).reduce(
      (longest, { value }) => Math.max(longest, this.longest(value, true)),
      0,
    );
    return Math.min(longest, maxEntries);
  }

  private longest(value: ValueNode, inside: boolean): number {
    if (value.kind === Kind.VARIABLE) return longestOf(this.variables[value.name.value], inside);
    if (value.kind === Kind.LIST) return value.values.length;
    if (value.kind !== Kind.OBJECT || !inside) return 0;
    return value.fields.reduce((longest, field) => Math.max(longest, this.longest(field.value, false)), 0);
  }

  private isLeftOut(directives: readonly DirectiveNode[]): boolean {
    return directives.some(({ name: { value: name }, arguments: given }) => {
      if (name !== 'skip' && name !== 'include') return false;
      const condition = given?.[0] && this.read(given[0].value);
      return condition === (name === 'skip');
    });
  }
}

function lengthOf(type: string, field: string, target: GraphQLNamedType): number {
  if (field === 'cursor') return cursorLength;
  return (
    fieldLengths[`${type}.${field}`] ?? (isEnumType(target) ? enumLength : (lengths[target.name] ?? lengths.String))
  );
}

const isPage = (type: string): boolean => type.endsWith('Connection');
const isPayload = (type: string): boolean => type.endsWith('Payload');

function longestOf(value: unknown, inside: boolean): number {
  if (Array.isArray(value)) return value.length;
  if (!inside || typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((longest, each) => Math.max(longest, longestOf(each, false)), 0);
}
