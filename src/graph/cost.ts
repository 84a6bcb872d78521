import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isListType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import { defaultPageSize } from './connections';

/** How many objects a list has that is no page, where nothing is said below. */
const usualSize = 10;

/** Lists that are short by their nature, or long: about how many objects they have. */
export const sizes: Record<string, number> = {
  'Fulfillment.allowedTransitions': 4,
  'Fulfillment.billingDocuments': 2,
  'Fulfillment.creditMemoItems': 2,
  'Fulfillment.invoiceItems': 2,
  'FulfillmentTransition.blockedBy': 2,
  'OrderLineItem.allowedTransitions': 4,
  'OrderLineItemTransition.blockedBy': 2,
  'Invoice.allowedActions': 4,
  'CreditMemo.allowedActions': 4,
  'BillRun.allowedActions': 3,
  'DocumentActionState.blockedBy': 2,
  'BillRunActionState.blockedBy': 2,
  '__Schema.types': 250,
  '__Type.fields': 12,
  '__Type.inputFields': 5,
  '__Type.enumValues': 3,
  '__Type.interfaces': 1,
  '__Type.possibleTypes': 1,
  '__Field.args': 2,
  '__Directive.args': 1,
};

/** Objects of a selection: its own, and those which there are for each row of the page or payload that it is made on. */
interface Cost {
  own: number;
  perRow: number;
}

const nothing: Cost = { own: 0, perRow: 0 };

/**
 * How many objects, pairs of braces, the reply to an operation may hold, told by its document and variables alone:
 * a field that leads to an object is one, a page has as many rows as `first` or `last` says, the lists of a mutation's payload
 * are as long as the longest list in its arguments, and other lists have the sizes above. What @skip and @include leave out
 * costs nothing. The document must be valid; the time this takes grows with its length, however often fragments are spread.
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
  const given = { ...variables };
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    if (given[name] === undefined && defaultValue) given[name] = valueFromASTUntyped(defaultValue);
  }
  return new Pricing(schema, document, given, maxPageSize).selections(operation.selectionSet, root.name).own;
}

class Pricing {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly known = new Map<string, Cost>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Readonly<Record<string, unknown>>,
    private readonly maxPageSize: number,
  ) {
    for (const node of document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(node.name.value, node);
    }
  }

  selections({ selections }: SelectionSetNode, type: string): Cost {
    let own = 0;
    let perRow = 0;
    for (const node of selections) {
      if (node.directives?.length && this.isLeftOut(node.directives)) continue;
      const cost = this.selection(node, type);
      own += cost.own;
      perRow += cost.perRow;
    }
    return { own, perRow };
  }

  private selection(node: SelectionNode, type: string): Cost {
    if (node.kind === Kind.FIELD) return node.selectionSet ? this.field(node, node.selectionSet, type) : nothing;
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

  private field(node: FieldNode, selectionSet: SelectionSetNode, type: string): Cost {
    const field = this.definition(type, node.name.value);
    if (!field) return nothing;
    const target = getNamedType(field.type).name;
    const inner = this.selections(selectionSet, target);
    const one = 1 + inner.own + (inner.perRow && inner.perRow * this.rows(node, target));
    if (!isListType(getNullableType(field.type))) return { own: one, perRow: 0 };
    if (isPage(type) || isPayload(type)) return { own: 0, perRow: one };
    const size = sizes[`${type}.${field.name}`] ?? Math.max(usualSize, this.entries(node));
    return { own: size * one, perRow: 0 };
  }

  private definition(type: string, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    const found = this.schema.getType(type);
    return found && 'getFields' in found
      ? (found.getFields()[name] as GraphQLField<unknown, unknown> | undefined)
      : undefined;
  }

  /** How many rows there are of what `node` leads to. */
  private rows(node: FieldNode, target: string): number {
    if (isPayload(target)) return Math.max(usualSize, this.entries(node));
    const asked = this.value(node, 'first') ?? this.value(node, 'last') ?? Math.min(defaultPageSize, this.maxPageSize);
    // What is out of bounds is refused by the list itself.
    return typeof asked === 'number' ? Math.min(Math.max(asked, 0), this.maxPageSize) : defaultPageSize;
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

  /** The length of the longest list among the arguments, and in an input object among them. */
  private entries(node: FieldNode): number {
    return (node.arguments ?? []).reduce((longest, { value }) => Math.max(longest, this.longest(value, true)), 0);
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

const isPage = (type: string): boolean => type.endsWith('Connection');
const isPayload = (type: string): boolean => type.endsWith('Payload');

function longestOf(value: unknown, inside: boolean): number {
  if (Array.isArray(value)) return value.length;
  if (!inside || typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((longest, each) => Math.max(longest, longestOf(each, false)), 0);
}
