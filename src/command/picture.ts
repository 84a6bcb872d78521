import {
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import { schema } from '../graph/build/schema';
import { edges as declared, type Edges } from '../graph/model/edges';
import { allNouns, nouns } from '../graph/model/nouns';

/*
 * Mermaid pictures of the graph's nouns and of the edges between them. Nouns, names and cardinalities come from the
 * schema. The columns behind two edges tell whether they are two directions of one edge.
 */

/** The nouns of each picture. An edge is drawn in the first picture that has both of its ends. */
const pictures = {
  delivery: ['Account', 'Order', 'OrderLineItem', 'Fulfillment', 'FulfillmentItem'],
  billing: ['OrderLineItem', 'Fulfillment', 'InvoiceItem', 'CreditMemoItem', 'Invoice', 'CreditMemo', 'BillRun'],
  settlement: [
    ...['Account', 'Invoice', 'InvoiceOffset', 'CreditMemo', 'CreditMemoApplication'],
    ...['Payment', 'PaymentApplication'],
  ],
  records: [
    'Order',
    'OrderLineItem',
    'Fulfillment',
    'Invoice',
    'CreditMemo',
    'Payment',
    'HistoryEntry',
    'BillingSettings',
    'BillRun',
    'BillRunFailure',
    'Account',
  ],
} as const;

type Picture = keyof typeof pictures;
export const pictureNames = Object.keys(pictures) as Picture[];

interface Edge {
  from: string;
  field: string;
  to: string;
  many: boolean;
  required: boolean;
}

/** BillingSettings is no noun, because an entity has one and no list shows it. */
const typenames: readonly string[] = [...allNouns.map((noun) => nouns[noun].typename), 'BillingSettings'];

/**
 * Every field of a noun that leads to nouns. A field that leads to any kind of object, such as HistoryEntry.subject,
 * does not count.
 */
function edges(): Edge[] {
  return typenames.flatMap((from) => {
    const type = schema().getType(from) as GraphQLObjectType;
    return Object.values(type.getFields()).flatMap((field): Edge[] => {
      const { name } = getNamedType(field.type);
      const target = schema().getType(name.replace(/Connection$/, ''));
      const many =
        name.endsWith('Connection') || isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
      const edge = { from, field: field.name, many, required: isNonNullType(field.type) };
      if (isObjectType(target) && typenames.includes(target.name)) return [{ ...edge, to: target.name }];
      if (!isInterfaceType(target) || target.name === 'Node') return [];
      return schema()
        .getPossibleTypes(target)
        .map(({ name: to }) => ({ ...edge, to }));
    });
  });
}

/** The declaration of an edge; undefined for an edge that is computed from other edges. */
const declarationOf = ({ from, field }: Edge): Edges[keyof Edges] | undefined =>
  declared[`${from}.${field}` as keyof Edges];

/** The columns by which the rows at the many end are found. */
function columnsBehind(edge: Edge): readonly string[] {
  const declaration = declarationOf(edge);
  return declaration && 'by' in declaration ? [declaration.by].flat() : [];
}

/** Whether two edges are two directions of one edge: `one` follows the column by which `many` finds its rows. */
function isInverse(one: Edge, many: Edge): boolean {
  if (one.many || !many.many || one.to !== many.from || many.to !== one.from) return false;
  const declaration = declarationOf(one);
  return declaration?.form === 'one' && columnsBehind(many).includes(declaration.from);
}

/** One line of a picture, with both directions of an edge if there are two. */
interface Line {
  ends: [string, string];
  text: string;
}

function lines(): Line[] {
  const all = edges();
  const drawn = new Set<Edge>();
  const found: Line[] = [];
  const line = (a: string, b: string, ends: string, labels: string[]) =>
    found.push({ ends: [a, b], text: `  ${a} ${ends} ${b} : "${labels.join(' / ')}"` });
  for (const many of all.filter((edge) => edge.many)) {
    const ones = all.filter((edge) => isInverse(edge, many));
    for (const edge of [many, ...ones]) drawn.add(edge);
    const optional = ones.some(({ required }) => !required);
    // A row with a column belongs to one. A computed edge, such as the documents of a fulfillment, may belong to
    // several.
    const near = columnsBehind(many).length === 0 ? '}o' : optional ? '|o' : '||';
    line(many.from, many.to, `${near}--o{`, [many.field, ...ones.map(({ field }) => field)]);
  }
  for (const one of all.filter((edge) => !drawn.has(edge))) {
    line(one.from, one.to, `}o--${one.required ? '||' : 'o|'}`, [one.field]);
  }
  return found;
}

/** @throws if no picture shows an edge */
export function picture(name: Picture): string {
  const firstOf = ({ ends: [a, b] }: Line) =>
    pictureNames.find((each) => {
      const shown: readonly string[] = pictures[each];
      return shown.includes(a) && shown.includes(b);
    });
  const all = lines();
  const lost = all.filter((line) => !firstOf(line));
  if (lost.length) throw new Error(`No picture shows ${lost.map(({ text }) => text.trim()).join(', ')}`);
  const own = all.filter((line) => firstOf(line) === name);
  return ['```mermaid', 'erDiagram', ...own.map(({ text }) => text), '```'].join('\n');
}

/** The root fields of each noun: one by its key, and a list. Every Node can also be found by its id. */
export function waysIn(): { type: string; meaning: string; one?: string; list?: string }[] {
  const fields = Object.values(schema().getQueryType()!.getFields());
  return typenames.map((type) => {
    const one = fields.find((field) => getNamedType(field.type).name === type);
    const needed = one?.args.filter(isRequiredArgument).map(({ name }) => name) ?? [];
    const list = fields.find((field) => getNamedType(field.type).name === `${type}Connection`);
    const [meaning] = schema()
      .getType(type)!
      .description!.split(/(?<=\.) /);
    return {
      type,
      meaning,
      one: one && (needed.length ? `${one.name}(${needed.join(', ')})` : one.name),
      list: list?.name,
    };
  });
}
