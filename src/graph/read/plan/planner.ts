import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
} from 'graphql';
import { collectSubfields } from 'graphql/execution/collectFields';
import { isClaimed } from '../../../store/billing-claim';
import { documentsOf } from '../../../store/billing-document';
import { BillingSettingsRow } from '../../../store/billing-settings';
import { clientName } from '../../../store/client';
import { nodes as nounsWithId } from '../../../store/node';
import {
  type Binding,
  holeBegins,
  holeEnds,
  type Json,
  object,
  optional,
  text,
  written,
} from '../../../store/query/json';
import { tableOf } from '../../../store/query/table';
import * as tree from '../../../store/query/tree';
import { OrgRow, orgInScope } from '../../../store/tenant';
import { forms, settingsForms } from '../../model/columns';
import { type ComputedField, computedFields, needs } from '../../model/computed';
import { type Edges, edges, type ManyEdge, type OneEdge, type PageEdge } from '../../model/edges';
import { listOf, type Noun, nouns } from '../../model/nouns';
import { nounOfSubject } from '../../model/subjects';
import { columnsOf } from '../columns';
import { type ListArgs, pageAsked } from '../connections';
import { columnsAs, type Fact, facts } from './facts';

/** A query, or a part of it, that no statement can be planned for. It goes by the loaders. */
export class NotPlanned extends Error {}

/** A field whose value this program computes. The statement writes the columns that it needs in its place. */
export interface Deferred {
  field: GraphQLField<unknown, unknown>;
  parent: GraphQLObjectType;
  nodes: readonly FieldNode[];
  /** What its rules read besides the row. */
  facts: readonly Fact[];
}

/**
 * Bounds of a plan. Fragments that spread one another twice double its length each time. A field that PostgreSQL computes
 * with subqueries, or that this program computes, counts as `costly` fields. PostgreSQL takes 0.4 s for 300 amounts on 100
 * rows. The loaders compute each in a microsecond.
 */
const mostFields = 1_000;
const costly = 20;
const mostSubqueries = 60;

type Nodes = readonly FieldNode[];
/** The name of a selected field, whatever the reply calls it. */
const fieldOf = ([node]: Nodes): string => node.name.value;
type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

interface PlanContext {
  schema: GraphQLSchema;
  fragments: Fragments;
  /** The values of variables, of which only those of `@skip` and `@include` are read. */
  variables: Readonly<Record<string, unknown>>;
  maxPageSize: number;
}

/** Plans the objects of one root field. */
export class Planner {
  readonly deferred: Deferred[] = [];
  /** Whether an amount is computed that may depend on the settings. */
  usesSettings = false;
  /** The names in the reply of each `totalCount`: of lists of the root, and of edges. */
  readonly totals = { root: [] as string[], edges: [] as string[] };
  private fields = 0;
  private subqueries = 0;

  constructor(
    readonly context: PlanContext,
    private readonly firstHole: number,
  ) {}

  typeOf(noun: Noun): GraphQLObjectType {
    return this.context.schema.getType(nouns[noun].typename) as GraphQLObjectType;
  }

  row(noun: Noun, depth: number): tree.Row {
    if (++this.subqueries > mostSubqueries) throw new NotPlanned('too many subqueries');
    return new tree.Row(listOf(noun).table, `t${depth}`);
  }

  /** The selected fields of an object, in order, each with its nodes. */
  private selected(type: GraphQLObjectType, nodes: Nodes): [name: string, nodes: Nodes][] {
    const { schema, fragments, variables } = this.context;
    const fields = [...collectSubfields(schema, fragments, variables, type, nodes)];
    this.count(fields.length);
    return fields;
  }

  /** The fields so far, where one that is costly counts as several. */
  get size(): number {
    return this.fields;
  }

  private count(fields: number): void {
    this.fields += fields;
    if (this.fields > mostFields) throw new NotPlanned('too many fields');
  }

  /** The fields of an object whose `__typename` is a constant. */
  private fieldsOf(
    type: GraphQLObjectType,
    nodes: Nodes,
    value: (field: string, nodes: Nodes) => Json,
  ): [name: string, value: Json][] {
    return this.selected(type, nodes).map(([name, below]) => {
      const field = fieldOf(below);
      return [name, field === '__typename' ? text(`"${type.name}"`) : value(field, below)];
    });
  }

  /** An object whose values are known by the names of its fields. */
  values(type: GraphQLObjectType, nodes: Nodes, values: Readonly<Record<string, Json>>): Json {
    return object(this.fieldsOf(type, nodes, (field) => values[field]));
  }

  /** An object of a noun. */
  object(noun: Noun, row: tree.Row, depth: number, nodes: Nodes): Json {
    const type = this.typeOf(noun);
    return object(this.fieldsOf(type, nodes, (field, below) => this.field(noun, row, depth, field, below)));
  }

  private field(noun: Noun, row: tree.Row, depth: number, field: string, nodes: Nodes): Json {
    const name = `${nouns[noun].typename}.${field}`;
    const own = this.special[name];
    if (own) return own(row, depth, nodes);
    if (name in computedFields) return this.computed(row, name as ComputedField);
    if (name in edges) return this.edge(row, row.column('id'), depth, name as keyof Edges, nodes);
    if (field in (needs[noun as keyof typeof needs] ?? {})) return this.deferredField(noun, row, depth, field, nodes);
    const form = forms[noun][field];
    if (!form || form === 'list') throw new NotPlanned(name);
    return tree.column(row, field, form);
  }

  private computed(row: tree.Row, name: ComputedField): Json {
    const { form, nullable, settings } = computedFields[name] as {
      form: 'text';
      nullable: boolean;
      settings?: unknown;
    };
    if (settings) {
      this.usesSettings = true;
      this.count(costly);
    }
    return tree.computed(row, name, form, nullable);
  }

  private edge(row: tree.Row, key: string, depth: number, edge: keyof Edges, nodes: Nodes): Json {
    const { form, target } = edges[edge];
    const next = this.row(target, depth + 1);
    if (form === 'page') {
      const { by, total } = edges[edge] as { by: string | readonly string[]; total?: string };
      return this.page(edge, next, depth + 1, nodes, { key, by, total: total && row.column(total) });
    }
    const fields = this.object(target, next, depth + 1, nodes);
    if (form === 'list') return tree.list(key, next, listOf(target), edges[edge as ManyEdge].by, fields);
    const { from, mayBeUnseen } = edges[edge as OneEdge];
    return tree.one(row, from, next, fields, { mayBeUnseen });
  }

  /** A connection: of an edge, or of a list of the root, whose `name` is the noun. */
  page(name: keyof Edges | Noun, target: tree.Row, depth: number, nodes: Nodes, parent?: tree.Paged['parent']): Json {
    const edge = parent
      ? (edges[name as PageEdge] as (typeof edges)[PageEdge] & { order?: ListArgs['orderBy'] })
      : undefined;
    const noun = edge ? edge.target : (name as Noun);
    const { schema, maxPageSize } = this.context;
    const connection = schema.getType(`${nouns[noun].typename}Connection`) as GraphQLObjectType;
    const definition = this.definitionOf(name, parent !== undefined);
    const parts = this.selected(connection, nodes).map(([name, below]) =>
      this.part(noun, target, depth, connection, name, below),
    );
    for (const part of parts) if (part.kind === 'total') this.totals[edge ? 'edges' : 'root'].push(part.name);
    return tree.page({
      parent,
      target,
      definition: listOf(noun),
      parts,
      ask: ({ variables }: Binding) =>
        pageAsked(
          maxPageSize,
          name,
          noun,
          getArgumentValues(definition, nodes[0], variables),
          edge?.order ?? undefined,
        ),
    });
  }

  private definitionOf(name: string, isEdge: boolean): GraphQLField<unknown, unknown> {
    const [owner, field] = isEdge ? name.split('.') : ['Query', `${name}s`];
    return (this.context.schema.getType(owner) as GraphQLObjectType).getFields()[field];
  }

  private part(
    noun: Noun,
    target: tree.Row,
    depth: number,
    connection: GraphQLObjectType,
    name: string,
    nodes: Nodes,
  ): tree.Part {
    const field = fieldOf(nodes);
    if (field === '__typename') return { name, kind: 'constant', json: text(`"${connection.name}"`) };
    if (field === 'totalCount') return { name, kind: 'total' };
    if (field === 'nodes') {
      const element = this.object(noun, target, depth, nodes);
      return { name, kind: 'rows', element: () => element };
    }
    const type = getNamedType(connection.getFields()[field].type) as GraphQLObjectType;
    if (field === 'edges') {
      const element = (cursor: Json) =>
        object(
          this.fieldsOf(type, nodes, (field, below) =>
            field === 'cursor' ? cursor : this.object(noun, target, depth, below),
          ),
        );
      return { name, kind: 'rows', element };
    }
    const fields = this.selected(type, nodes).map(([name, below]) => {
      const fact = fieldOf(below);
      return [name, fact === '__typename' ? text(`"${type.name}"`) : (fact as 'endCursor')] as const;
    });
    return { name, kind: 'info', fields };
  }

  /** A field that this program computes: the columns that it needs stand in its place. */
  private deferredField(noun: Noun, row: tree.Row, depth: number, field: string, nodes: Nodes): Json {
    this.count(costly);
    const parent = this.typeOf(noun);
    const also = facts[`${parent.name}.${field}`] ?? [];
    const known: [string, Json][] = [
      ['row', columnsAs(noun, row, columnsOf(noun, [field]))],
      ...also.map(({ name, json }): [string, Json] => [name, json(row, (other) => this.row(other, depth + 1))]),
    ];
    const hole =
      this.firstHole + this.deferred.push({ field: parent.getFields()[field], parent, nodes, facts: also }) - 1;
    return [...text(`${holeBegins}${hole} `), ...object(known), ...text(holeEnds)];
  }

  /** Fields that are neither columns nor edges. */
  private readonly special: Readonly<Record<string, (row: tree.Row, depth: number, nodes: Nodes) => Json>> = {
    'Account.org': (row, depth, nodes) => {
      const org = new tree.Row(tableOf(OrgRow), `t${depth + 1}`);
      const type = this.context.schema.getType('Org') as GraphQLObjectType;
      const fields = object(
        this.fieldsOf(type, nodes, (field) => tree.column(org, field, field === 'id' ? 'id' : 'text')),
      );
      return tree.one(row, 'orgId', org, fields, { scope: orgInScope(org.name) });
    },
    'Fulfillment.billed': (row) => written.boolean(isClaimed(row.column('id'))),
    'Fulfillment.billingDocuments': (row, depth, nodes) => {
      const invoice = this.row('invoice', depth + 1);
      const memo = this.row('creditMemo', depth + 1);
      return documentsOf(
        row.column('id'),
        invoice,
        this.object('invoice', invoice, depth + 1, nodes),
        memo,
        this.object('creditMemo', memo, depth + 1, nodes),
      );
    },
    'OrderLineItem.inlineDiscountPerUnit': tree.discountPerUnit,
    'HistoryEntry.actorName': (row) => optional(written.text(clientName(row.column('actor')))),
    'HistoryEntry.changes': (row, _depth, nodes) => this.elements(row, 'changes', 'FieldChange', nodes),
    'HistoryEntry.subject': (row, depth, nodes) =>
      tree.chosen(row.column('subjectType'), [
        ['BillingSettings', this.settings(depth + 1, nodes)],
        ['WebhookEndpoint', tree.firstOf([tree.leftIfWebhook(row.column('subjectId'))])],
        ...Object.entries(nounOfSubject).map(([type, noun]): [string, Json] => {
          const subject = this.row(noun, depth + 1);
          const fields = this.object(noun, subject, depth + 1, nodes);
          return [type, tree.firstOf([tree.found(subject, row.column('subjectId'), fields)])];
        }),
      ]),
  };

  /** Objects that a column of JSON holds. */
  private elements(row: tree.Row, property: string, typename: string, nodes: Nodes): Json {
    const type = this.context.schema.getType(typename) as GraphQLObjectType;
    const isText = (type: GraphQLOutputType) => !['Int', 'Boolean'].includes(getNamedType(type).name);
    return tree.elements(
      row,
      property,
      this.selected(type, nodes).map(([name, below]) => {
        const key = fieldOf(below);
        if (key === '__typename') return { name, value: text(`"${typename}"`) };
        return { name, value: { key, isText: isText(type.getFields()[key].type) } };
      }),
    );
  }

  /** The settings of the entity. */
  settings(depth: number, nodes: Nodes): Json {
    const type = this.context.schema.getType('BillingSettings') as GraphQLObjectType;
    const row = new tree.Row(tableOf(BillingSettingsRow), `t${depth}`);
    const fields = this.fieldsOf(type, nodes, (field, below) => {
      if (field === 'id') return tree.column(row, 'entityId', 'id');
      if (field === 'history') return this.edge(row, row.column('entityId'), depth, 'BillingSettings.history', below);
      const target = getNamedType(type.getFields()[field].type);
      if (field === 'taxCodes' || field === 'units') return this.elements(row, field, target.name, below);
      const form = settingsForms[field];
      return tree.column(row, field, form === 'list' ? 'texts' : form);
    });
    return tree.settings(row, object(fields));
  }

  /** The object of any type that has this id, or null. */
  anyObject(id: string, depth: number, nodes: Nodes): Json {
    const candidates = (Object.keys(nounsWithId) as Noun[]).map((noun) => {
      const row = this.row(noun, depth);
      return tree.found(row, id, this.object(noun, row, depth, nodes));
    });
    return tree.firstOf([tree.settingsIf(id, this.settings(depth, nodes)), ...candidates, tree.leftIfWebhook(id)]);
  }
}
