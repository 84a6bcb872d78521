import { getNamedType, isInputObjectType } from 'graphql';
import { standardLimits } from '../../src/domain/limits';
import { schema } from '../../src/graph/build/schema';
import { DocumentLimits } from '../../src/graph/guard/limits';
import { prepare } from '../../src/graph/guard/operation';
import { ParsedDocuments } from '../../src/graph/guard/parsed-document';

/* What may ask the payment gateway holds a connection of its own kind, also where it is held by a key. */

const documents = new ParsedDocuments(schema(), new DocumentLimits(standardLimits, true), false);
const mayPay = (text: string, variables?: object): boolean =>
  prepare(documents.read(text), undefined, variables as Record<string, unknown>).mayPay;
const mutations = Object.values(schema().getMutationType()!.getFields());

/** Where in its arguments a mutation takes processing options. */
function places(fields: readonly { name: string; type: unknown }[], path: string[] = []): string[] {
  return fields.flatMap(({ name, type }) => {
    const named = getNamedType(type as never);
    if (String(named) === 'ProcessingOptionsInput') return [[...path, name].join('.')];
    if (!isInputObjectType(named) || path.length > 4) return [];
    return places(Object.values((named as never as { getFields(): Record<string, never> }).getFields()), [
      ...path,
      name,
    ]);
  });
}

test('processing options stand where they are looked for, in all mutations that take them', () => {
  const found = mutations.map(({ name, args }) => [name, places(args)] as const).filter(([, at]) => at.length);
  expect(found.length).toBeGreaterThanOrEqual(5);
  for (const [name, at] of found)
    expect([name, at.every((each) => /^(\w+\.)?processingOptions$/.test(each))]).toEqual([name, true]);
});

const create =
  'mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) { userErrors { code } } }';
const send =
  'mutation ($o: ProcessingOptionsInput) { sendFulfillmentsToBilling(keys: [], processingOptions: $o) { userErrors { code } } }';
const collecting = { runBilling: true, collectPayment: true };

test.each([
  ['collectPayment itself', 'mutation { collectPayment(invoiceKeys: []) { userErrors { code } } }', {}],
  ['options within the input', create, { input: { fulfillments: [], processingOptions: collecting } }],
  ['options as an argument', send, { o: collecting }],
  [
    'options written out',
    send.replace('$o)', '{ collectPayment: true })').replace('($o: ProcessingOptionsInput)', ''),
    {},
  ],
  [
    'the second of two mutations, under an alias and in a fragment',
    'mutation { deleteFulfillment(key: "1") { deletedId } ...more } fragment more on Mutation { x: collectPayment(invoiceKeys: []) { userErrors { code } } }',
    {},
  ],
])('%s may pay', (_what, text, variables) => {
  expect(mayPay(text, variables)).toBe(true);
});

test.each([
  ['a refund, which asks behind its reply', 'mutation { refundPayment(key: "1") { userErrors { code } } }', {}],
  ['options that only bill', create, { input: { fulfillments: [], processingOptions: { runBilling: true } } }],
  ['options that say no', send, { o: { collectPayment: false } }],
  ['options that are null', send, { o: null }],
  ['no options', create, { input: { fulfillments: [] } }],
  ['a query', '{ accounts { nodes { id } } }', {}],
  [
    'one that is skipped',
    'mutation { deleteFulfillment(key: "1") { deletedId } collectPayment(invoiceKeys: []) @skip(if: true) { userErrors { code } } }',
    {},
  ],
])('%s does not', (_what, text, variables) => {
  expect(mayPay(text, variables)).toBe(false);
});
