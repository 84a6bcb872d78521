import {
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { schema } from '../graph/build/schema';
import { edges as declared, type Edges } from '../graph/model/edges';
import { allNouns, nouns } from '../graph/model/nouns';

/*
 * The nouns of the graph and the edges between them as Mermaid draws them. Nouns, names and cardinalities come from the
 * schema; that two edges are the two directions of one comes from the columns behind them.
 */

/** What each picture shows. An edge is drawn in the first one that has both of its ends. */
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

export type Picture = keyof typeof pictures;
export const pictureNames = Object.keys(pictures) as Picture[];

interface Edge {
  from: string;
  field: string;
  to: string;
  many: boolean;
  required: boolean;
}

/** The settings, of which an entity has one, are no noun: they are in no list. */
const typenames: readonly string[] = [...allNouns.map((noun) => nouns[noun].typename), 'BillingSettings'];

/** Every field of a noun that leads to nouns. What leads to any kind of object, as HistoryEntry.subject does, is none. */
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

/** The declaration of an edge; none where it is put together from others. */
const declarationOf = ({ from, field }: Edge): Edges[keyof Edges] | undefined =>
  declared[`${from}.${field}` as keyof Edges];

/** The columns that the many ends of an edge are found by. */
function columnsBehind(edge: Edge): readonly string[] {
  const declaration = declarationOf(edge);
  return declaration && 'by' in declaration ? [declaration.by].flat() : [];
}

/** Are these the two directions of one edge: does the one follow the column that the other is found by? */
function isInverse(one: Edge, many: Edge): boolean {
  if (one.many || !many.many || one.to !== many.from || many.to !== one.from) return false;
  const declaration = declarationOf(one);
  return declaration?.form === 'one' && columnsBehind(many).includes(declaration.from);
}

/** One line of a picture: both directions of an edge together, where it has both. */
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
    // What holds a column belongs to one; what is put together, as the documents of a fulfillment, may belong to several.
    const near = columnsBehind(many).length === 0 ? '}o' : optional ? '|o' : '||';
    line(many.from, many.to, `${near}--o{`, [many.field, ...ones.map(({ field }) => field)]);
  }
  for (const one of all.filter((edge) => !drawn.has(edge))) {
    line(one.from, one.to, `}o--${one.required ? '||' : 'o|'}`, [one.field]);
  }
  return found;
}

/** @throws where an edge is in none of the pictures */
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

/** How a noun is reached from the root: by its key, and in a list. Every one that is a Node is reached by its id too. */
export function waysIn(): { type: string; meaning: string; one?: string; list?: string }[] {
  const fields = Object.values(schema().getQueryType()!.getFields());
  return typenames.map((type) => {
    const one = fields.find((field) => getNamedType(field.type).name === type);
    const list = fields.find((field) => getNamedType(field.type).name === `${type}Connection`);
    const [meaning] = schema()
      .getType(type)!
      .description!.split(/(?<=\.) /);
    return {
      type,
      meaning,
      one: one && `${one.name}${one.args.map(({ name }) => `(${name})`).join('')}`,
      list: list?.name,
    };
  });
}
