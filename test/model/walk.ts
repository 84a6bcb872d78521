import Big from 'big.js';
import { Refusal } from '../../src/domain/errors';
import { createAccount } from '../../src/service/account';
import { carryOn } from '../../src/service/bill-run-worker';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { Work } from '../../src/service/run/work';
import type { TestClient, TestGatewayServer } from '../support/gateway';
import { carriedOut } from '../support/sequences/asks';
import { type Account, Books, Disagreement, type Document, type Made, type Rule, same } from './books';
import { acts, type Command, Dice, type Service, type World, walkOf } from './steps';

/* Walks: the services and the model side by side, compared after every step. */

export interface Outcome {
  steps: string[];
  /** Null where the model and the services agreed to the end. */
  disagreement: string | null;
}

const looked = `{
  lines: orderLineItems(first: 100) { nodes {
    id itemState quantity quantityPendingFulfillment quantityFulfilled quantityAvailableForReturn
    listPrice amount discount amountWithoutTax } }
  fulfillments(first: 100) { nodes { id state quantity amount billed } }
  invoices(first: 100) { nodes { id status amount amountWithoutTax taxAmount balance reversed } }
  memos: creditMemos(first: 100) { nodes {
    id status amount amountWithoutTax taxAmount appliedAmount unappliedAmount } }
  payments(first: 100) { nodes { id status amount appliedAmount refundAmount } }
  pending: orderLineItems(first: 100, filter: { hasPendingQuantity: true }) { nodes { id } }
  owing: invoices(first: 100, filter: { hasBalance: true }) { nodes { id } }
  unapplied: creditMemos(first: 100, filter: { hasUnapplied: true }) { nodes { id } }
}`;

async function compare(client: TestClient, books: Books): Promise<void> {
  const { body } = await client.graphql(looked);
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  const shown = body.data as Record<string, { nodes: ({ id: string } & Record<string, unknown>)[] }>;
  const each = <T extends { id: string }>(list: string, model: T[], valuesOf: (one: T) => Record<string, unknown>) => {
    const name = (one: T) => ('number' in one ? one.number : 'name' in one ? one.name : one.id);
    const nodes = new Map(shown[list].nodes.map((node) => [node.id, node]));
    same(list, model.map(({ id }) => id).sort(), [...nodes.keys()].sort());
    for (const one of model) {
      for (const [field, value] of Object.entries(valuesOf(one))) {
        const isNumber = typeof value === 'object';
        const service = nodes.get(one.id)![field];
        same(`${name(one)}.${field}`, value, isNumber ? Number(service) : service);
      }
    }
  };
  const documents = (kind: Document['kind']) => books.documents.filter((each) => each.kind === kind);
  const common = (one: Document) => ({
    ...{ status: one.status, amount: books.total(one), amountWithoutTax: one.net, taxAmount: one.tax },
  });
  each('lines', books.lines, (line) => {
    const [listPrice, amount] = [line.listPrice, line.price].map((price) =>
      books.round(price.times(line.quantity), line.account),
    );
    const whole = books.charge(line, line.quantity, books.rateNow(line)).net;
    return {
      ...{ itemState: line.state, quantity: line.quantity, quantityFulfilled: books.fulfilled(line) },
      ...{ quantityPendingFulfillment: books.pending(line), quantityAvailableForReturn: books.available(line) },
      // N10
      ...{ listPrice, amount, discount: listPrice.minus(amount), amountWithoutTax: line.inclusive ? whole : amount },
    };
  });
  each('fulfillments', books.fulfillments, (one) => ({
    ...{ state: one.state, quantity: one.quantity, billed: books.claims.has(one.id) },
    amount: books.round(one.line.price.times(one.quantity), one.line.account),
  }));
  each('invoices', documents('Invoice'), (one) => ({
    ...{ ...common(one), balance: books.balance(one), reversed: one.reversed },
  }));
  each('memos', documents('CreditMemo'), (one) => ({
    ...{ ...common(one), appliedAmount: books.appliedOf(one), unappliedAmount: books.unapplied(one) },
  }));
  each('payments', books.payments, (one) => ({
    ...{ amount: one.amount, appliedAmount: books.paidBy(one), refundAmount: one.refunded },
  }));
  each(
    'pending',
    books.lines.filter((line) => books.pending(line).gt(0)),
    () => ({}),
  );
  each(
    'owing',
    documents('Invoice').filter((one) => !books.balance(one).eq(0)),
    () => ({}),
  );
  each(
    'unapplied',
    documents('CreditMemo').filter((one) => books.unapplied(one).gt(0)),
    () => ({}),
  );
}

/** What the model cannot know before: the ids and numbers of what the service has made, and how it was charged. */
function serviceOf({ database: { owner } }: TestGatewayServer, entityId: string): Service {
  return {
    async made(known) {
      const rows = await owner<Omit<Made, 'items'> & Made['items'][number]>(
        `select d.id, d.invoice_number as number, 'Invoice' as kind, coalesce(i.fulfillment_id, i.order_line_item_id) as "unitId",
           i.charge_amount as net, i.tax_amount as tax
         from invoice d join invoice_item i on i.invoice_id = d.id where d.entity_id = $1
         union all
         select d.id, d.credit_memo_number, 'CreditMemo', coalesce(i.fulfillment_id, i.order_line_item_id),
           -i.amount_without_tax, -i.tax_amount
         from credit_memo d join credit_memo_item i on i.credit_memo_id = d.id where d.entity_id = $1`,
        [entityId],
      );
      const made = new Map<string, Made>();
      for (const { unitId, net, tax, ...document } of rows) {
        const id = shown(document.id);
        if (known.has(id)) continue;
        const one = made.get(id) ?? { ...document, id, items: [] };
        one.items.push({ unitId: shown(unitId), net, tax });
        made.set(id, one);
      }
      return [...made.values()];
    },
    async newPayment(known) {
      const rows = await owner<{ id: string; number: string }>(
        'select id, payment_number as number from payment where entity_id = $1',
        [entityId],
      );
      const [payment] = rows.map((row) => ({ ...row, id: shown(row.id) })).filter(({ id }) => !known.has(id));
      if (!payment) throw new Disagreement('the model expects a payment');
      return payment;
    },
    async reversalOf({ id }) {
      const [memo] = await owner<{ id: string; number: string }>(
        'select id, credit_memo_number as number from credit_memo where reversed_invoice_id = $1',
        [id],
      );
      return { ...memo, id: shown(memo.id) };
    },
  };
}
/** An id as the graph shows it. */
const shown = (id: string): string => id.replaceAll('-', '');

let entities = 0;

/** The rules of net totals twice: they hold the rarer combinations. */
const rules: Rule[] = [
  ...(['AllNegative', 'AllNegativeAndZero'] as const),
  ...(['NetNegative', 'NetNegative', 'NetNegativeNoGrouping', 'NetNegativeNoGrouping'] as const),
];

/** Carries commands out in an entity of their own. `seed` decides on its accounts and settings. */
export async function walk(gateway: TestGatewayServer, seed: number, commands: readonly Command[]): Promise<Outcome> {
  const client = await gateway.client({ grants: [{ entity: `Walk ${++entities}`, orgs: ['North'] }] });
  const { caller } = await client.work();
  const dice = new Dice(seed);
  const books = new Books();
  books.settlement = dice.chance(0.75);
  books.rule = dice.of(rules);
  const roundingMode = dice.of(['HALF_UP', 'HALF_UP', 'UP', 'DOWN'] as const);
  books.rounding = { HALF_UP: Big.roundHalfUp, UP: Big.roundUp, DOWN: Big.roundDown }[roundingMode];
  books.taxFirst = dice.chance(0.3);
  books.taxRates = { VAT: '0.19', GST: '0.07775' };
  const accounts: Account[] = [];
  const taxCodes = Object.entries(books.taxRates).map(([code, rate]) => ({ code, rate }));
  const work = () => new Work(gateway.services, caller);
  await updateBillingSettings(work(), {
    ...{ taxCodes, invoiceSettlement: books.settlement, creditMemoRule: books.rule, roundingMode },
    inclusiveTaxRule: books.taxFirst ? 'TaxFirst' : 'NetFirst',
  });
  for (let count = dice.chance(0.2) ? 2 : 1; count > 0; count--) {
    const [currency, decimals] = dice.of([
      ['USD', 2],
      ['JPY', 0],
      ['KWD', 3],
    ] as const);
    const { account } = await createAccount(work(), {
      ...{ name: 'Customer', currency, paymentMethodToken: 'tok_ok', orgId: caller.orgIds[0] },
    });
    accounts.push({ number: account.accountNumber, currency, decimals });
  }
  const world: World = { books, accounts, service: serviceOf(gateway, caller.entityId), named: 0 };
  const currencies = accounts.map(({ number, currency }) => `${number} in ${currency}`);
  const settled = `settlement ${books.settlement ? 'on' : 'off'}, rule ${books.rule}, ${roundingMode}`;
  const steps = [`${settled}, ${books.taxFirst ? 'tax first' : 'net first'}, ${currencies.join(', ')}`];
  try {
    for (const command of commands) await step(command);
    return { steps, disagreement: null };
  } catch (error) {
    if (!(error instanceof Disagreement)) steps.push('(failed)');
    return { steps, disagreement: error instanceof Disagreement ? error.message : String((error as Error).stack) };
  }

  async function step({ kind, seed, fixed = {} }: Command): Promise<void> {
    const next = acts[kind](world, new Dice(seed), fixed);
    if (next === null || next.verdict === null) return;
    steps.push(`${next.text}${next.verdict ? '' : ' (to be refused)'}`);
    const own = work();
    const { result, refusal } = await carriedOut(own, next.ask).then(
      (result) => ({ result, refusal: null }),
      (error) => {
        if (!(error instanceof Refusal)) throw error;
        return { result: null, refusal: error.errors.map(({ code, message }) => `${code}: ${message}`).join(' ') };
      },
    );
    await own.finish();
    if (kind === 'run' || kind === 'moveRun') await carryOn(gateway.services);
    same(
      'outcome',
      next.verdict ? 'done' : 'refused',
      refusal === null ? 'done' : next.verdict ? `refused: ${refusal}` : 'refused',
    );
    if (gateway.failures.length)
      throw new Error(`behind the reply: ${gateway.failures[0].what} ${gateway.failures[0].error}`);
    if (refusal === null) await next.apply(normal(result));
    await compare(client, books);
  }
}
/** Ids as the graph shows them. */
const normal = (result: unknown): unknown =>
  JSON.parse(JSON.stringify(result ?? null), (key, value) =>
    key === 'id' && typeof value === 'string' ? shown(value) : value,
  );

/** The shortest walk that is found in the time and still disagrees: pieces are left out, half of it first, single commands last. */
async function shortened(
  gateway: TestGatewayServer,
  seed: number,
  commands: Command[],
  until: number,
): Promise<Outcome> {
  let least = commands;
  let outcome = await walk(gateway, seed, least);
  for (let size = Math.ceil(least.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.length && Date.now() < until; ) {
      const fewer = [...least.slice(0, at), ...least.slice(at + size)];
      const tried = await walk(gateway, seed, fewer);
      if (tried.disagreement) [least, outcome] = [fewer, tried];
      else at += size;
    }
  }
  return outcome;
}

export interface Found extends Outcome {
  seed: number;
  seconds: number;
}

/** Walks by one seed after the other, from the first on, until the time is over or one disagrees. */
export async function walks(
  gateway: TestGatewayServer,
  first: number,
  seconds: number,
): Promise<{ walks: number; steps: number; found: Found | null }> {
  const begin = Date.now();
  let steps = 0;
  for (let seed = first; ; seed++) {
    if (seed > first && Date.now() - begin > seconds * 1000) return { walks: seed - first, steps, found: null };
    const commands = walkOf(new Dice(seed), 50);
    const outcome = await walk(gateway, seed, commands);
    steps += outcome.steps.length - 1;
    if (!outcome.disagreement) continue;
    const took = Math.round((Date.now() - begin) / 1000);
    const least = await shortened(gateway, seed, commands, Date.now() + 30_000);
    return { walks: seed - first + 1, steps, found: { ...least, seed, seconds: took } };
  }
}
