import type { GraphQLObjectType } from 'graphql';
import { schema } from '../../../../src/graph/build/schema';
import { forms } from '../../../../src/graph/model/columns';
import { planOf } from '../../../../src/graph/read/plan/plan';
import { textOf, texts } from '../../../../src/graph/read/plan/run';
import { nameOf } from '../../../../src/store/connection/prepared';
import { operationOf } from '../../../support/operation';

/* What is kept of the operations of clients: bounded, however short their texts are. */

const shown = (schema().getType('OrderLineItem') as GraphQLObjectType).getFields();
/** Columns, which cost nothing to compute. */
const columns = Object.entries(forms.orderLineItem)
  .filter(([name, form]) => name in shown && ['text', 'decimal', 'instant', 'day', 'id'].includes(form))
  .map(([name]) => name)
  .slice(0, 28);
const times = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at)).join(' ');

/** An operation of some 800 fields in a kilobyte. */
const operation = (at: number) =>
  operationOf(
    `query Q${at} { fulfillments { nodes { ${times(30, (each) => `a${each}: orderLineItem { ...L }`)} } } }
     fragment L on OrderLineItem { ${columns.join(' ')} }`,
  );

test('plans of the operations that were used last are kept, and others are made anew', () => {
  const all = Array.from({ length: 400 }, (_, at) => operation(at));
  const plans = all.map((each) => planOf(each, 100)!);
  expect(plans[0].size).toBeGreaterThan(600);
  expect(planOf(all[399], 100)).toBe(plans[399]);
  expect(planOf(all[0], 100)).not.toBe(plans[0]);
});

test('texts of statements are kept up to 30 million characters', () => {
  const root = { ...planOf(operation(0), 100)!.planned[0], value: [() => ''] };
  const printed = (at: number) => [String(at).padEnd(100_000)];
  for (let at = 0; at < 400; at++) textOf({ number: 1 }, [root], [printed(at)], 1);
  expect(texts.calculatedSize).toBeGreaterThan(20_000_000);
  expect(texts.calculatedSize).toBeLessThanOrEqual(30_000_000);
});

test('texts are remembered by name up to 20 million characters, those that came last', () => {
  const text = (at: number) => `select ${at}`.padEnd(100_000);
  for (let at = 0; at < 300; at++) expect(nameOf(text(at))).toBeUndefined();
  expect(nameOf(text(299))).toMatch(/^.{24}$/);
  expect(nameOf(text(0))).toBeUndefined();
});
