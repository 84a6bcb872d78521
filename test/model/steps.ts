import Big from 'big.js';
import type { NewOrderLineItem } from '../../src/service/order';
import { type Ask, ask } from '../support/sequences/asks';
import {
  type Account,
  Books,
  type Document,
  type Fulfillment,
  isBookedOrLater,
  type Line,
  least,
  type Made,
  type Payment,
  type Rule,
  type Run,
  type State,
  sum,
  type Unit,
} from './books';

/*
 * What a walk is made of. A command is a kind and a number; what it means is decided when it is carried out, by the books
 * as they then stand. Any part of a walk is a walk again, so that a failing one can be made shorter.
 */

export interface Command {
  kind: Kind;
  seed: number;
  /** What a phrase fixes; the rest is left to the number. */
  fixed?: Fixed;
}
interface Fixed {
  sent?: true;
  rest?: true;
  now?: boolean;
  large?: true;
  /** By fulfillments, and Executing. */
  open?: true;
  rebill?: boolean;
}

/** A stream of numbers that one seed decides (mulberry32). */
export class Dice {
  constructor(private state: number) {}
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  chance = (probability: number): boolean => this.next() < probability;
  of = <T>(list: readonly T[]): T => list[Math.floor(this.next() * list.length)];
  /** One of those that fit, the last one half of the time; now and then one of all. */
  among<T>(list: readonly T[], fits: (one: T) => boolean): T | undefined {
    const fitting = list.filter(fits);
    const from = fitting.length && !this.chance(0.05) ? fitting : list;
    return this.chance(0.5) ? from.at(-1) : this.of(from);
  }
}

export interface Service {
  /** The documents, payments and so on that the model does not know yet. */
  made(known: ReadonlySet<string>): Promise<Made[]>;
  newPayment(known: ReadonlySet<string>): Promise<{ id: string; number: string }>;
  reversalOf(invoice: Document): Promise<{ id: string; number: string }>;
}
export interface World {
  books: Books;
  accounts: Account[];
  service: Service;
  named: number;
}
/** Accepted, refused, or null: the rules do not say, and nobody is asked. */
type Verdict = boolean | null;
export interface Step {
  text: string;
  verdict: Verdict;
  ask: Ask;
  // biome-ignore lint/suspicious/noExplicitAny: each step knows the result of what it asks for
  apply(result: any): unknown;
}
type Act = (world: World, dice: Dice, fixed: Fixed) => Step | null;

const target = '2022-01-02';
const later = '2022-01-06';
const documentDate = '2022-01-10';
const date = '2022-01-01';

/** runBilling, and collectPayment beside it where the model knows whom that concerns. */
function optionsOf({ books, accounts }: World, dice: Dice) {
  if (!dice.chance(0.4)) return null;
  const collectPayment = dice.chance(0.3) && accounts.every((account) => books.negatives(account).length === 0);
  return { runBilling: true, collectPayment, billingOptions: { targetDate: target, documentDate } };
}
type Options = ReturnType<typeof optionsOf>;
const told = (options: Options) => (options ? (options.collectPayment ? ', billed and collected' : ', billed') : '');

async function afterBilling(world: World, options: Options, among: (unit: Unit) => boolean): Promise<void> {
  if (!options) return;
  const documents = await billing(world, target, among, null, true);
  if (options.collectPayment)
    await collecting(
      world,
      documents.filter(({ kind }) => kind === 'Invoice'),
    );
}
async function billing(
  { books, service }: World,
  to: string,
  among: (u: Unit) => boolean,
  run: Run | null,
  posted: boolean,
) {
  const known = new Set(books.documents.map(({ id }) => id));
  return books.bill(books.due(to, among), await service.made(known), run, posted);
}
async function collecting({ books, service }: World, invoices: Document[]): Promise<void> {
  const payment = books.collect(invoices);
  if (!payment) return;
  const known = new Set(books.payments.map(({ id }) => id));
  books.payments.push(Object.assign(payment, await service.newPayment(known)));
}

const prices: [list: string, percent: string | null][] = [
  ...(['10', '100', '3.335', '33.5', '12.345', '0.0335', '0'] as const).map((list): [string, null] => [list, null]),
  ['9.99', '33.333'],
  ['7.7777', '12.5'],
];

function sale(world: World, dice: Dice, { sent, large, open }: Fixed): Step {
  const { books } = world;
  const account = dice.of(world.accounts);
  const options = sent ? null : optionsOf(world, dice);
  const made: { line: Omit<Line, 'id' | 'orderNumber' | 'itemNumber'>; input: NewOrderLineItem }[] = [];
  for (let count = dice.chance(0.25) ? 2 : 1; count > 0; count--) {
    const withFulfillments = open ?? (!sent && dice.chance(0.5));
    const [listPrice, percent] = large ? ['1000', null] : dice.of(prices);
    const taxCode = dice.of([null, null, 'VAT', 'GST']);
    const inclusive = dice.chance(0.5);
    const quantity = dice.of(['1', '2', '3', '3', '7', '10', '10', '0.5', '2.333']);
    const all: State[] = ['Executing', 'Booked', 'SentToBilling', 'SentToBilling', 'SentToBilling', 'Complete'];
    const state = sent
      ? 'SentToBilling'
      : open
        ? 'Executing'
        : dice.of(withFulfillments ? (['Executing', 'Booked', 'Booked'] as const) : all);
    const due = sent || dice.chance(0.85) ? date : dice.of([null, '2022-01-05']);
    const group = dice.chance(0.1) ? 'A' : null;
    const name = `S${++world.named}`;
    const price = new Big(listPrice).times(new Big(1).minus(new Big(percent ?? 0).div(100)));
    made.push({
      line: {
        ...{
          name,
          account,
          state,
          withFulfillments,
          quantity: new Big(quantity),
          price,
          listPrice: new Big(listPrice),
        },
        ...{
          taxCode,
          inclusive: inclusive && !!taxCode,
          due,
          group,
          everSent: state === 'SentToBilling',
          original: null,
        },
      },
      input: {
        ...{
          itemName: name,
          itemType: 'Product',
          itemState: state,
          quantity,
          billTargetDate: due,
          listPricePerUnit: listPrice,
        },
        billingRule: withFulfillments ? 'TriggerAsFulfillmentOccurs' : 'TriggerWithoutFulfillment',
        ...(percent && { inlineDiscountType: 'Percentage', inlineDiscountPerUnit: percent }),
        ...{
          taxCode,
          taxMode: taxCode ? (inclusive ? 'TaxInclusive' : 'TaxExclusive') : null,
          invoiceGroupNumber: group,
        },
      },
    });
  }
  return {
    text: `sale ${made.map(({ line }) => describe(line)).join(' and ')} to ${account.number}${told(options)}`,
    verdict: made.every(({ line }) => line.state !== 'SentToBilling' || line.due !== null),
    ask: ask('createOrder', {
      input: {
        ...{ existingAccountNumber: account.number, orderDate: date, processingOptions: options },
        orderLineItems: made.map(({ input }) => input),
      },
    }),
    apply: ({ order, orderLineItems }) => {
      const lines = made.map(({ line }, at): Line => {
        const { id, itemNumber } = orderLineItems[at];
        return { ...line, id, itemNumber, orderNumber: order.orderNumber };
      });
      books.lines.push(...lines);
      return afterBilling(world, options, ({ line }) => lines.includes(line) && !line.withFulfillments);
    },
  };
}
const describe = (line: Omit<Line, 'id' | 'orderNumber' | 'itemNumber'>) =>
  `${line.name} ${line.quantity} x ${line.price} ${line.account.currency}${line.taxCode ? ` ${line.inclusive ? 'with' : 'plus'} ${line.taxCode}` : ''}${line.withFulfillments ? ' by fulfillments' : ''} (${line.state}, due ${line.due}${line.group ? `, group ${line.group}` : ''})`;

function returning(world: World, dice: Dice, { rest, sent }: Fixed): Step | null {
  const { books } = world;
  const isReturned = (line: Line) => books.lines.some((each) => each.original === line);
  const original = dice.among(
    books.lines.filter((line) => !line.original),
    (line) => books.available(line).gt(0) && (!rest || isReturned(line)),
  );
  if (!original) return null;
  const available = books.available(original);
  const some = available.gt(1) ? available.minus(1) : available.div(2).round(3, Big.roundUp);
  const quantity = rest
    ? available
    : dice.of([some, available, new Big('1'), new Big('2'), new Big('0.333'), available.plus(1)]);
  if (quantity.lte(0)) return null;
  const withFulfillments = !sent && dice.chance(0.35);
  const state: State = sent
    ? 'SentToBilling'
    : dice.of(
        withFulfillments
          ? ['Booked', 'Booked', 'Executing']
          : ['SentToBilling', 'SentToBilling', 'Booked', 'Executing', 'Complete'],
      );
  const options = sent ? null : optionsOf(world, dice);
  const line = {
    ...{ ...original, name: `R${++world.named}`, quantity, state, withFulfillments, original, due: date },
    everSent: state === 'SentToBilling',
  };
  return {
    text: `return ${line.name} of ${quantity} of ${original.name}${withFulfillments ? ' by fulfillments' : ''} (${state})${told(options)}`,
    verdict: quantity.lte(available),
    ask: ask('createOrder', {
      input: {
        ...{
          existingAccountNumber: original.account.number,
          orderDate: date,
          category: 'Return',
          processingOptions: options,
        },
        orderLineItems: [
          {
            ...{ itemName: line.name, itemCategory: 'Return', itemState: state, quantity: quantity.toFixed() },
            billingRule: withFulfillments ? 'TriggerAsFulfillmentOccurs' : 'TriggerWithoutFulfillment',
            ...{ billTargetDate: date, invoiceGroupNumber: original.group },
            ...{ originalOrderNumber: original.orderNumber, originalOrderLineItemNumber: original.itemNumber },
          },
        ],
      },
    }),
    apply: ({ order, orderLineItems: [{ id, itemNumber }] }) => {
      const made: Line = { ...line, id, itemNumber, orderNumber: order.orderNumber };
      books.lines.push(made);
      return afterBilling(world, options, (unit) => unit.line === made && !made.withFulfillments);
    },
  };
}

function moveLine(world: World, dice: Dice): Step | null {
  const { books } = world;
  const line = dice.among(books.lines, ({ state }) => state === 'Executing' || state === 'Booked');
  if (!line) return null;
  const to = dice.of<State>(['Booked', 'SentToBilling', 'SentToBilling', 'Complete', 'Canceled', 'Canceled']);
  const options = optionsOf(world, dice);
  const moves: Partial<Record<State, State[]>> = line.withFulfillments
    ? { Executing: ['Booked', 'Canceled'] }
    : {
        Executing: ['Booked', 'SentToBilling', 'Complete', 'Canceled'],
        Booked: ['SentToBilling', 'Complete'],
        SentToBilling: ['Complete'],
      };
  const enters = isBookedOrLater(to) && !isBookedOrLater(line.state);
  const verdict = (): Verdict => {
    if (to === line.state) return null;
    if (!moves[line.state]?.includes(to)) return false;
    if (to === 'SentToBilling' && line.due === null) return false;
    if (line.original && enters && line.quantity.gt(books.available(line.original))) return false;
    return line.state === 'SentToBilling' ? books.stands(line) : true;
  };
  return {
    text: `${line.name} becomes ${to}${told(options)}`,
    verdict: verdict(),
    ask: ask('updateOrderLineItem', { id: line.id, input: { itemState: to, processingOptions: options } }),
    apply: () => {
      line.state = to;
      line.everSent ||= to === 'SentToBilling';
      return afterBilling(world, options, (unit) => unit.id === line.id);
    },
  };
}

function changeLine({ books }: World, dice: Dice): Step | null {
  const line = dice.among(books.lines, ({ state }) => state === 'Executing');
  const quantity = new Big(dice.of(['1', '2', '3', '5', '2.333']));
  if (!line || line.quantity.eq(quantity)) return null;
  const isTooMuch = line.original && quantity.gt(books.available(line.original));
  return {
    text: `${line.name} is for ${quantity}`,
    verdict: line.state !== 'Executing' ? false : isTooMuch ? null : true,
    ask: ask('updateOrderLineItem', { id: line.id, input: { quantity: quantity.toFixed() } }),
    apply: () => {
      line.quantity = quantity;
    },
  };
}

function fulfill(world: World, dice: Dice, { sent }: Fixed): Step | null {
  const { books } = world;
  const line = dice.among(
    books.lines.filter(({ withFulfillments }) => withFulfillments || dice.chance(0.05)),
    (each) => each.state === 'Booked' && books.pending(each).gt(0),
  );
  if (!line) return null;
  const pending = books.pending(line);
  const quantities = dice
    .of([
      [pending],
      [pending],
      [pending.div(3).round(3, Big.roundUp)],
      [new Big(1)],
      [new Big(1), new Big(1)],
      [pending.plus(1)],
    ])
    .filter((quantity) => quantity.gt(0));
  if (!quantities.length) return null;
  const state = sent
    ? 'SentToBilling'
    : dice.of<State>(['SentToBilling', 'SentToBilling', 'Booked', 'Executing', 'Executing', 'Complete']);
  const due = sent || dice.chance(0.9) ? date : dice.of([null, '2022-01-05']);
  const options = optionsOf(world, dice);
  const names = quantities.map(() => `F${++world.named}`);
  return {
    text: `fulfillments ${names} of ${quantities} of ${line.name} (${state}, due ${due})${told(options)}`,
    verdict:
      line.withFulfillments &&
      line.state === 'Booked' &&
      sum(quantities).lte(pending) &&
      state !== 'Complete' &&
      (state !== 'SentToBilling' || due !== null),
    ask: ask('createFulfillments', {
      onError: 'RejectAll',
      input: {
        fulfillments: quantities.map((quantity) => ({
          ...{
            orderLineItemId: line.id,
            fulfillmentDate: date,
            quantity: quantity.toFixed(),
            state,
            billTargetDate: due,
          },
        })),
        processingOptions: options,
      },
    }),
    apply: ({ fulfillments }) => {
      const made = quantities.map(
        (quantity, at): Fulfillment => ({
          ...{ id: fulfillments[at].id, name: names[at], line, quantity, state, due },
        }),
      );
      books.fulfillments.push(...made);
      books.completeBySystem(line);
      return afterBilling(world, options, (unit) => made.some(({ id }) => id === unit.id));
    },
  };
}

function moveFulfillment(world: World, dice: Dice): Step | null {
  const { books } = world;
  const one = dice.among(books.fulfillments, ({ state }) => state === 'Executing' || state === 'Booked');
  if (!one) return null;
  const [field, to] = dice.of([
    ['sendFulfillmentsToBilling', 'SentToBilling'],
    ['sendFulfillmentsToBilling', 'SentToBilling'],
    ['bookFulfillments', 'Booked'],
    ['cancelFulfillments', 'Canceled'],
    ['completeFulfillments', 'Complete'],
  ] as const);
  const options = to === 'SentToBilling' ? optionsOf(world, dice) : null;
  const moves: Partial<Record<State, State[]>> = {
    Executing: ['Booked', 'SentToBilling', 'Canceled'],
    Booked: ['SentToBilling'],
    SentToBilling: ['Complete'],
  };
  const verdict = (): Verdict => {
    if (!moves[one.state]?.includes(to)) return false;
    if (to === 'SentToBilling' && one.due === null) return false;
    if (one.state === 'Executing' && to !== 'Canceled' && one.quantity.gt(books.pending(one.line))) return false;
    return to === 'Complete' ? books.stands(one) : true;
  };
  return {
    text: `${one.name} becomes ${to}${told(options)}`,
    verdict: verdict(),
    ask: ask(field, { keys: [one.id], onError: 'RejectAll', processingOptions: options }),
    apply: () => {
      one.state = to;
      books.completeBySystem(one.line);
      return afterBilling(world, options, (unit) => unit.id === one.id);
    },
  };
}

function changeFulfillment({ books }: World, dice: Dice): Step | null {
  const one = dice.among(books.fulfillments, ({ state }) => state === 'Executing' || state === 'Booked');
  if (!one) return null;
  const quantity = dice.of([new Big(1), new Big(2), new Big('0.5'), books.pending(one.line).plus(1)]);
  if (quantity.eq(one.quantity)) return null;
  const own = one.state === 'Booked' ? one.quantity : new Big(0);
  const isOpen = one.state === 'Executing' || one.state === 'Booked';
  return {
    text: `${one.name} is of ${quantity}`,
    verdict: isOpen && quantity.lte(books.pending(one.line).plus(own)),
    ask: ask('updateFulfillment', { key: one.id, input: { quantity: quantity.toFixed() } }),
    apply: () => {
      one.quantity = quantity;
      books.completeBySystem(one.line);
    },
  };
}

function deleteFulfillment({ books }: World, dice: Dice): Step | null {
  const one = dice.among(books.fulfillments, ({ state }) => state === 'Executing');
  return (
    (one && {
      text: `${one.name} is deleted`,
      verdict: one.state === 'Executing',
      ask: ask('deleteFulfillment', { key: one.id }),
      apply: () => {
        books.fulfillments = books.fulfillments.filter((each) => each !== one);
        books.completeBySystem(one.line);
      },
    }) ??
    null
  );
}

function run(world: World, dice: Dice, { now }: Fixed): Step | null {
  const { books, accounts } = world;
  const account = !now && dice.chance(0.3) ? dice.of(accounts) : null;
  const autoPost = now ?? dice.chance(0.5);
  const targetDate = dice.chance(0.75) ? target : later;
  const among = ({ line }: Unit) => !account || line.account === account;
  if (!books.due(targetDate, among).length && dice.chance(0.95)) return null;
  return {
    text: `bill run to ${targetDate} over ${account?.number ?? 'all'}${autoPost ? ', posted' : ''}`,
    verdict: true,
    ask: ask('createBillRun', {
      input: { targetDate, invoiceDate: documentDate, autoPost, accountKeys: account && [account.number] },
    }),
    apply: ({ billRun }) => {
      const made: Run = { id: billRun.id, number: billRun.billRunNumber, status: autoPost ? 'Posted' : 'Completed' };
      books.runs.push(made);
      return billing(world, targetDate, among, made, autoPost);
    },
  };
}

function moveRun({ books }: World, dice: Dice): Step | null {
  const [field, to] = dice.of([
    ['postBillRun', 'Posted'],
    ['cancelBillRun', 'Canceled'],
    ['deleteBillRun', null],
  ] as const);
  const one = dice.among(books.runs, ({ status }) => status === (to ? 'Completed' : 'Canceled'));
  if (!one) return null;
  const documents = books.documents.filter((each) => each.run === one);
  const has = (status: Document['status']) => documents.some((each) => each.status === status);
  const verdict = (): Verdict => {
    if (!documents.length) return null;
    if (!to) return one.status === 'Canceled' && !documents.some(({ everUsed }) => everUsed);
    if (to === 'Canceled' && has('Posted')) return false;
    return one.status === 'Completed' && has('Draft') ? true : null;
  };
  return {
    text: `${field} ${one.number}`,
    verdict: verdict(),
    ask: ask(field, { key: one.id }),
    apply: () => {
      if (to) {
        const drafts = documents.filter(({ status }) => status === 'Draft');
        books.enter(drafts, to);
        one.status = to;
      } else {
        books.runs = books.runs.filter((each) => each !== one);
        books.documents = books.documents.filter((each) => each.run !== one);
      }
    },
  };
}

function moveDocument({ books }: World, dice: Dice): Step | null {
  const [verb, to] = dice.of([
    ['post', 'Posted'],
    ['post', 'Posted'],
    ['unpost', 'Draft'],
    ['cancel', 'Canceled'],
  ] as const);
  const from = verb === 'unpost' ? 'Posted' : 'Draft';
  const one = dice.among(books.documents, ({ status, isReversal }) => status === from && !isReversal);
  if (!one) return null;
  const group = books.sisters(one);
  const verdict = (): Verdict => {
    if (one.status !== from) return false;
    if (group.length > 1 && !one.together) return null;
    if (verb === 'unpost' && one.isReversal && books.total(one).eq(0)) return null;
    return verb !== 'unpost' || !group.some(books.isUsed);
  };
  return {
    text: `${verb} ${one.number}`,
    verdict: verdict(),
    ask: ask(`${verb}${one.kind}`, { key: one.id }),
    apply: () => {
      books.enter(group, to);
      if (verb === 'unpost' && one.run) one.run.status = 'Completed';
    },
  };
}

function reverse(world: World, dice: Dice, fixed: Fixed): Step | null {
  const { books, service } = world;
  const invoices = books.documents.filter(({ kind }) => kind === 'Invoice');
  const isNet = (each: Document) => each.items.some(({ line }) => line.original);
  const one = dice.among(
    invoices,
    (each) => each.status === 'Posted' && !books.isUsed(each) && (fixed.rebill === undefined || isNet(each)),
  );
  if (!one) return null;
  const rebill = fixed.rebill ?? dice.chance(0.5);
  const total = books.total(one);
  const verdict =
    books.settlement &&
    one.status === 'Posted' &&
    !books.isUsed(one) &&
    total.gte(0) &&
    (rebill || !books.overCredited(one));
  return {
    text: `reverse ${one.number}, rebill ${rebill}`,
    verdict,
    ask: ask('reverseInvoice', { key: one.id, rebill }),
    apply: async () => {
      one.reversed = one.everUsed = true;
      if (rebill) books.free(one);
      const memo: Document = {
        ...{ ...one, ...(await service.reversalOf(one)), kind: 'CreditMemo', run: null, act: '' },
        ...{ items: [], reversed: false, isReversal: true },
      };
      books.documents.push(memo);
      if (total.gt(0)) books.applied.push({ from: memo, invoice: one, amount: total });
    },
  };
}

/** Null is all there is; the rest is judged by what there is at most. */
const amountOf = (dice: Dice, most: Big, { decimals }: Account): Big | null => {
  const half = most.div(2).round(decimals, Big.roundUp);
  return dice.of([null, null, half.gt(0) ? half : null, most.gt(0) ? most : null, most.abs().plus(1)]);
};

function apply({ books }: World, dice: Dice): Step | null {
  const memos = books.documents.filter(({ kind }) => kind === 'CreditMemo');
  const memo = dice.among(memos, (each) => each.status === 'Posted' && books.unapplied(each).gt(0));
  const invoices = books.documents.filter(({ kind }) => kind === 'Invoice');
  const invoice = dice.among(
    invoices,
    (each) => each.status === 'Posted' && each.account === memo?.account && books.balance(each).gt(0),
  );
  if (!memo || !invoice) return null;
  const most = least(books.unapplied(memo), books.balance(invoice));
  const amount = amountOf(dice, most, memo.account);
  return {
    text: `apply ${amount ?? 'all'} of ${memo.number} to ${invoice.number}`,
    verdict:
      books.settlement &&
      memo.status === 'Posted' &&
      invoice.status === 'Posted' &&
      memo.account === invoice.account &&
      most.gt(0) &&
      (amount ?? most).lte(most),
    ask: ask('applyCreditMemo', { key: memo.id, invoiceKey: invoice.id, amount: amount?.toFixed() ?? null }),
    apply: () => {
      books.applied.push({ from: memo, invoice, amount: amount ?? most });
      memo.everUsed = invoice.everUsed = true;
    },
  };
}

function unapply({ books }: World, dice: Dice): Step | null {
  const use = dice.among(books.applied, ({ from }) => !from.isReversal);
  if (!use) return null;
  const { from: memo, invoice } = use;
  const isSame = (each: typeof use) => each.from === memo && each.invoice === invoice;
  const most = sum(books.applied.filter(isSame).map(({ amount }) => amount));
  const amount = amountOf(dice, most, memo.account);
  return {
    text: `unapply ${amount ?? 'all'} of ${memo.number} from ${invoice.number}`,
    verdict: memo.isReversal ? null : (amount ?? most).lte(most),
    ask: ask('unapplyCreditMemo', { key: memo.id, invoiceKey: invoice.id, amount: amount?.toFixed() ?? null }),
    apply: () => {
      const left = most.minus(amount ?? most);
      books.applied = books.applied.filter((each) => !isSame(each));
      if (left.gt(0)) books.applied.push({ from: memo, invoice, amount: left });
    },
  };
}

function collect(world: World, dice: Dice): Step | null {
  const { books } = world;
  const invoices = books.documents.filter(({ kind }) => kind === 'Invoice');
  const owes = (each: Document) => each.status === 'Posted' && books.balance(each).gt(0);
  const first = dice.among(invoices, owes);
  if (!first) return null;
  const second = dice.chance(0.3)
    ? dice.among(invoices, (each) => owes(each) && each.account === first.account)
    : first;
  const chosen = [...new Set([first, second!])].filter((each) => each.account === first.account);
  const isOffset = books.negatives(first.account).length > 0;
  // Settlement on with negative invoices, and which of two invoices they are put against: the rules do not say.
  const isSilent = isOffset && (books.settlement || chosen.length > 1);
  return {
    text: `collect ${chosen.map(({ number }) => number)}`,
    verdict: !chosen.every(owes) ? false : isSilent ? null : true,
    ask: ask('collectPayment', { invoiceKeys: chosen.map(({ id }) => id) }),
    apply: () => collecting(world, chosen),
  };
}

function refund({ books }: World, dice: Dice): Step | null {
  const left = (each: Payment) => each.amount.minus(each.refunded);
  const payment = dice.among(books.payments, (each) => left(each).gt(0));
  if (!payment) return null;
  const most = left(payment);
  const amount = amountOf(dice, most, payment.account);
  const uses = books.paid.filter(({ from }) => from === payment);
  const taken = amount ?? most;
  // Which of several invoices is owed again first, the rules do not say.
  const isSilent = (uses.length > 1 && taken.lt(most)) || (amount === null && most.eq(0));
  return {
    text: `refund ${amount ?? 'all'} of ${payment.number}`,
    verdict: taken.gt(most) ? false : isSilent ? null : true,
    ask: ask('refundPayment', { key: payment.id, amount: amount?.toFixed() ?? null }),
    apply: () => {
      payment.refunded = payment.refunded.plus(taken);
      books.paid = books.paid.filter(({ from }) => from !== payment);
      const rest = most.minus(taken);
      if (rest.gt(0)) books.paid.push({ ...uses[0], amount: rest });
    },
  };
}

function settings({ books }: World, dice: Dice): Step {
  const change = dice.of(['rule', 'rule', 'rates', 'settlement']);
  const rule = dice.of<Rule>(['AllNegative', 'AllNegativeAndZero', 'NetNegative', 'NetNegativeNoGrouping']);
  const rates = dice.of([
    { VAT: '0.19', GST: '0.07775' },
    { VAT: '0.1', GST: '0.05' },
    { VAT: '1', GST: '0' },
  ]);
  if (change === 'settlement') {
    const to = !books.settlement;
    return {
      text: `invoice settlement ${to ? 'on' : 'off'}`,
      verdict: to || !books.documents.some(({ kind }) => kind === 'CreditMemo'),
      ask: ask('updateBillingSettings', { input: { invoiceSettlement: to } }),
      apply: () => {
        books.settlement = to;
      },
    };
  }
  const taxCodes = Object.entries(rates).map(([code, rate]) => ({ code, rate }));
  return {
    text: change === 'rule' ? `credit memo rule ${rule}` : `tax rates ${JSON.stringify(rates)}`,
    verdict: true,
    ask: ask('updateBillingSettings', { input: change === 'rule' ? { creditMemoRule: rule } : { taxCodes } }),
    apply: () => {
      if (change === 'rule') books.rule = rule;
      else books.taxRates = rates;
    },
  };
}

export const acts = {
  ...{ sale, returning, moveLine, changeLine, fulfill, moveFulfillment, changeFulfillment, deleteFulfillment },
  ...{ run, moveRun, moveDocument, reverse, apply, unapply, collect, refund, settings },
} satisfies Record<string, Act>;
export type Kind = keyof typeof acts;
export const kinds = Object.keys(acts) as Kind[];

type Phrase = [Kind, Fixed?][];

/**
 * Walks are written in phrases, since what single commands would rarely come to is where faults are: a part comes back,
 * its credit is netted with another sale, is undone, and then the rest comes back.
 */
const returned: Phrase = [['returning', { sent: true }]];
const restReturned: Phrase = [
  ['returning', { sent: true, rest: true }],
  ['run', { now: true }],
];
const netted: Phrase = [...returned, ['sale', { sent: true, large: true }], ['run', { now: true }]];
const sold: Phrase = [
  ['sale', { sent: true }],
  ['run', { now: true }],
];
const phrases: Phrase[] = [
  sold,
  [...returned, ['run', { now: true }]],
  netted,
  [...netted, ['reverse', { rebill: false }]],
  [...netted, ['reverse', { rebill: false }], ...restReturned],
  restReturned,
  [['sale'], ['moveLine'], ['fulfill', { sent: true }], ['fulfill']],
  [['sale', { sent: true }], ['run', { now: false }], ['moveDocument'], ['moveRun']],
  [['returning', { sent: true }], ['run', { now: false }], ['moveRun'], ['moveRun']],
  [['sale', { open: true }], ['moveLine'], ['changeLine']],
  [['reverse'], ['run']],
  [['apply'], ['unapply']],
  [['collect'], ['refund']],
];

export function walkOf(dice: Dice, length: number): Command[] {
  const commands: Command[] = [];
  const say = (kind: Kind, fixed?: Fixed) => commands.push({ kind, seed: Math.floor(dice.next() * 2 ** 32), fixed });
  for (const [kind, fixed] of sold) say(kind, fixed);
  while (commands.length < length) {
    if (dice.chance(0.65)) for (const [kind, fixed] of dice.of(phrases)) say(kind, fixed);
    else say(dice.of(kinds));
  }
  return commands;
}
