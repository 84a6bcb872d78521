import Big from 'big.js';

/*
 * The model: what the rules say of quantities, claims and money, written from the rules and not from the product. It takes
 * nothing from src. Amounts of items are signed as on an invoice: a sale above 0, a return below 0, whatever document they
 * are on. Where the rules are silent the model does not claim: it adopts what the service did, within the limits it knows.
 */

export type State = 'Executing' | 'Booked' | 'SentToBilling' | 'Complete' | 'Canceled';
export type Rule = 'AllNegative' | 'AllNegativeAndZero' | 'NetNegative' | 'NetNegativeNoGrouping';

export interface Account {
  number: string;
  currency: string;
  decimals: number;
}
export interface Line {
  id: string;
  name: string;
  account: Account;
  orderNumber: string;
  itemNumber: string;
  state: State;
  withFulfillments: boolean;
  quantity: Big;
  price: Big;
  listPrice: Big;
  taxCode: string | null;
  inclusive: boolean;
  due: string | null;
  group: string | null;
  /** It has been SentToBilling: one that was completed without is never billed (6.1). */
  everSent: boolean;
  /** The sale that a return takes back. */
  original: Line | null;
}
export interface Fulfillment {
  id: string;
  name: string;
  line: Line;
  quantity: Big;
  state: State;
  due: string | null;
}
/** What is billed: a fulfillment, or a line item without fulfillments (6.1). */
export interface Unit {
  id: string;
  line: Line;
  quantity: Big;
}
interface Item extends Unit {
  net: Big;
  tax: Big;
  rate: string | null;
}
export interface Document {
  id: string;
  number: string;
  kind: 'Invoice' | 'CreditMemo';
  account: Account;
  status: 'Draft' | 'Posted' | 'Canceled';
  run: Run | null;
  /** The documents that one act made of one group; where the rules say that they move together, and where they are silent. */
  act: string;
  together: boolean;
  items: Item[];
  /** In the sign of the document. */
  net: Big;
  tax: Big;
  reversed: boolean;
  isReversal: boolean;
  everUsed: boolean;
}
export interface Payment {
  id: string;
  number: string;
  account: Account;
  amount: Big;
  refunded: Big;
}
export interface Run {
  id: string;
  number: string;
  status: 'Completed' | 'Posted' | 'Canceled';
}
interface Use<From> {
  from: From;
  invoice: Document;
  amount: Big;
}
/** A new document as the service shows it, its items signed as on an invoice. */
export interface Made {
  id: string;
  number: string;
  kind: Document['kind'];
  items: { unitId: string; net: Big; tax: Big }[];
}

const zero = new Big(0);
export const sum = (values: readonly Big[]): Big => values.reduce((total, value) => total.plus(value), zero);
export const least = (a: Big, b: Big): Big => (a.lt(b) ? a : b);
const notBelow0 = (value: Big): Big => (value.lt(0) ? zero : value);

export class Disagreement extends Error {}
export function same(what: string, model: unknown, service: unknown): void {
  if (String(model) !== String(service))
    throw new Disagreement(`${what}: the model says ${model}, the service ${service}`);
}

export class Books {
  settlement = true;
  rule: Rule = 'AllNegative';
  taxRates: Record<string, string> = {};
  rounding: Big.RoundingMode = Big.roundHalfUp;
  taxFirst = false;
  lines: Line[] = [];
  fulfillments: Fulfillment[] = [];
  documents: Document[] = [];
  payments: Payment[] = [];
  runs: Run[] = [];
  /** Which document holds each billed unit (6.6). */
  claims = new Map<string, Document>();
  applied: Use<Document>[] = [];
  paid: Use<Payment>[] = [];
  offset: Use<Document>[] = [];
  private acts = 0;

  // Quantities (5)

  fulfilled(line: Line): Big {
    if (!line.withFulfillments) return line.state === 'Executing' || line.state === 'Canceled' ? zero : line.quantity;
    return this.delivered(line, ['Booked', 'SentToBilling', 'Complete']);
  }
  /** N8: nothing of a canceled line item. Without fulfillments nothing is ever pending (5.2). */
  pending(line: Line): Big {
    if (!line.withFulfillments || line.state === 'Canceled') return zero;
    return line.quantity.minus(this.fulfilled(line));
  }
  available(line: Line): Big {
    if (line.original) return zero;
    const billable = ['SentToBilling', 'Complete'].includes(line.state);
    const base = line.withFulfillments
      ? this.delivered(line, ['SentToBilling', 'Complete'])
      : billable
        ? line.quantity
        : zero;
    const back = this.lines.filter((each) => each.original === line && isBookedOrLater(each.state));
    return notBelow0(base.minus(sum(back.map(({ quantity }) => quantity))));
  }
  private delivered(line: Line, states: State[]): Big {
    return sum(this.fulfillments.filter((f) => f.line === line && states.includes(f.state)).map((f) => f.quantity));
  }
  /** 4.3: the system completes a line item, and nobody else does. */
  completeBySystem(line: Line): void {
    const closed = this.fulfillments.every((f) => f.line !== line || !['Executing', 'Booked'].includes(f.state));
    if (line.withFulfillments && line.state === 'Booked' && closed && this.pending(line).eq(0)) line.state = 'Complete';
  }
  /** 4.1, 4.2: SentToBilling -> Complete needs an item on a Posted document. Of one that was freed the rules say nothing. */
  stands(unit: { id: string }): boolean | null {
    const claim = this.claims.get(unit.id);
    if (claim) return claim.status === 'Posted';
    return this.documents.some((each) => each.reversed && each.items.some(({ id }) => id === unit.id)) ? null : false;
  }

  // Amounts (6.3)

  round(value: Big, { decimals }: Account): Big {
    return value.round(decimals, this.rounding);
  }
  charge(line: Line, quantity: Big, rate: string | null): { net: Big; tax: Big } {
    const gross = this.round(line.price.times(quantity), line.account);
    if (rate === null) return { net: gross, tax: zero };
    if (!line.inclusive) return { net: gross, tax: this.round(gross.times(rate), line.account) };
    const divisor = new Big(1).plus(rate);
    if (this.taxFirst) {
      const tax = this.round(gross.times(rate).div(divisor), line.account);
      return { net: gross.minus(tax), tax };
    }
    const net = this.round(gross.div(divisor), line.account);
    return { net, tax: gross.minus(net) };
  }
  rateNow = (line: Line): string | null => (line.taxCode ? this.taxRates[line.taxCode] : null);

  /** What is due of some units (6.1), in no order. */
  due(target: string, among: (unit: Unit) => boolean): Unit[] {
    const sent = ['SentToBilling', 'Complete'];
    const whole = this.lines.filter((line) => !line.withFulfillments && line.everSent && sent.includes(line.state));
    const parts = this.fulfillments.filter((f) => sent.includes(f.state));
    return [...whole.map((line) => ({ ...line, line })), ...parts]
      .filter((unit) => unit.due !== null && unit.due <= target && !this.claims.has(unit.id))
      .map(({ id, line, quantity }) => ({ id, line, quantity }))
      .filter(among);
  }

  /** The items that count for a sale: as billed, and as credited (N16: of a reversed document, no return counts). */
  counted(sale: Line): { billed: Item[]; credited: Item[] } {
    const items = this.documents.flatMap((document) =>
      document.items
        .filter(({ id }) => this.claims.get(id) === document)
        // Billed on an invoice that was reversed for good: the quantity is billed, for nothing.
        .map((item) => (document.reversed ? { ...item, net: zero, tax: zero, gone: true } : { ...item, gone: false })),
    );
    return {
      billed: items.filter(({ line }) => line === sale),
      credited: items.filter(({ line, gone }) => line.original === sale && !gone),
    };
  }
  left(sale: Line): { quantity: Big; net: Big; tax: Big } {
    const { billed, credited } = this.counted(sale);
    const of = (field: 'net' | 'tax') => notBelow0(sum([...billed, ...credited].map((item) => item[field])));
    const quantity = sum(billed.map((item) => item.quantity)).minus(sum(credited.map((item) => item.quantity)));
    return { quantity, net: of('net'), tax: of('tax') };
  }
  /** Reversed for good, the sales of an invoice must not have been credited more than is then billed of them (6.3). */
  overCredited(invoice: Document): boolean {
    invoice.reversed = true;
    const sales = invoice.items.filter(({ line }) => !line.original).map(({ line }) => line);
    const exceeds = sales.some((sale) => {
      const { billed, credited } = this.counted(sale);
      return (['net', 'tax'] as const).some((field) => sum([...billed, ...credited].map((item) => item[field])).lt(0));
    });
    invoice.reversed = false;
    return exceeds;
  }

  /** What each unit is charged; what the service said is taken where the rules do not say it, and held against their limits. */
  private priced(units: Unit[], said: Map<string, { net: Big; tax: Big }>): Item[] {
    const sales = units.filter(({ line }) => !line.original);
    const items = sales.map((unit): Item => {
      const rate = this.rateNow(unit.line);
      return { ...unit, ...this.charge(unit.line, unit.quantity, rate), rate };
    });
    for (const sale of new Set(units.flatMap(({ line }) => line.original ?? []))) {
      const returns = units.filter(({ line }) => line.original === sale);
      const claim = this.credit(
        sale,
        returns,
        sales.some(({ line }) => line === sale),
      );
      for (const unit of returns) {
        const { net, tax } = said.get(unit.id)!;
        const rate = this.rateNow(unit.line);
        if (claim.each) items.push({ ...unit, net: zero.minus(claim.each.net), tax: zero.minus(claim.each.tax), rate });
        else items.push({ ...unit, net: new Big(net), tax: new Big(tax), rate });
      }
      if (claim.each || !claim.most) continue;
      for (const field of ['net', 'tax'] as const) {
        const credited = zero.minus(sum(returns.map(({ id }) => said.get(id)![field])));
        const most = claim.most[field];
        if (claim.isAll) same(`credited in all for ${sale.name}, ${field}`, most, credited);
        else if (credited.gt(most))
          throw new Disagreement(`credited for ${sale.name}: ${credited} ${field} of ${most} left`);
      }
    }
    return items;
  }
  private credit(
    sale: Line,
    returns: Unit[],
    inSameAct: boolean,
  ): { each?: { net: Big; tax: Big }; most?: { net: Big; tax: Big }; isAll?: boolean } {
    const { billed, credited } = this.counted(sale);
    const left = this.left(sale);
    const wanted = sum(returns.map(({ quantity }) => quantity));
    const isNeverBilled = !sale.withFulfillments && sale.state === 'Complete' && !sale.everSent;
    if (isNeverBilled || inSameAct) return {};
    const only = returns.length === 1 ? returns[0] : null;
    if (!billed.length && !credited.length && only)
      return { each: this.charge(only.line, wanted, this.rateNow(only.line)) };
    if (wanted.gt(left.quantity)) return {};
    if (wanted.eq(left.quantity)) return only ? { each: left } : { most: left, isAll: true };
    const rates = new Set(billed.map(({ rate }) => rate));
    if (!only || rates.size > 1) return { most: left };
    const { net, tax } = this.charge(only.line, wanted, [...rates][0]);
    return { each: { net: least(net, left.net), tax: least(tax, left.tax) } };
  }

  /** 6.5: on which documents the items of one group come. Null where the rules do not say it: a net of 0 that bears tax. */
  private placed(items: Item[]): { kind: Document['kind']; items: Item[] }[] | null {
    const documents = (isMemo: (item: Item) => boolean) => [
      { kind: 'Invoice' as const, items: items.filter((item) => !isMemo(item)) },
      { kind: 'CreditMemo' as const, items: items.filter(isMemo) },
    ];
    if (!this.settlement) return documents(() => false);
    const bears = (some: Item[]) => sum(some.map(({ net }) => net)).eq(0) && !sum(some.map(({ tax }) => tax)).eq(0);
    if (items.some((item) => item.line.original && bears([item])) || bears(items)) return null;
    if (this.rule === 'AllNegative') return documents(({ net }) => net.lt(0));
    if (this.rule === 'AllNegativeAndZero')
      return documents(({ net, line }) => net.lt(0) || (!!line.original && net.eq(0)));
    const isBelow0 = (some: Item[]) => sum(some.map(({ net }) => net)).lt(0);
    if (!isBelow0(items)) return documents(() => false);
    if (this.rule === 'NetNegativeNoGrouping') return documents(() => true);
    const groupOf = (line: Line) => items.filter((item) => item.line === line);
    if (items.some(({ line }) => bears(groupOf(line)))) return null;
    return documents(({ line }) => isBelow0(groupOf(line)));
  }

  /** One act of billing: the documents that it makes, found among those that the service has made. */
  bill(units: Unit[], made: Made[], run: Run | null, isPosted: boolean): Document[] {
    this.acts++;
    const said = new Map(made.flatMap(({ items }) => items.map((item) => [item.unitId, item] as const)));
    same('billed', units.map(({ id }) => id).sort(), [...said.keys()].sort());
    const groups = new Map<string, Item[]>();
    for (const item of this.priced(units, said)) {
      const key = `${item.line.account.number} ${item.line.group}`;
      groups.set(key, [...(groups.get(key) ?? []), item]);
    }
    const documents: Document[] = [];
    for (const [key, items] of groups) {
      const mine = made.filter((each) => items.some(({ id }) => id === each.items[0].unitId));
      const expected = this.placed(items);
      if (expected) {
        const name = (of: { kind: string; ids: string[] }) => `${of.kind} of ${of.ids.sort()}`;
        const filled = expected.filter((each) => each.items.length);
        same(
          `documents of ${key} under ${this.settlement ? this.rule : 'no settlement'}`,
          filled.map((each) => name({ kind: each.kind, ids: each.items.map(({ id }) => id) })).sort(),
          mine.map((each) => name({ kind: each.kind, ids: each.items.map(({ unitId }) => unitId) })).sort(),
        );
      }
      for (const each of mine) {
        const held = each.items.map(({ unitId }) => items.find(({ id }) => id === unitId)!);
        for (const item of held) {
          const { net, tax } = said.get(item.id)!;
          same(`${item.line.name}, ${item.quantity} on ${each.kind}, net`, item.net, net);
          same(`${item.line.name}, ${item.quantity} on ${each.kind}, tax`, item.tax, tax);
        }
        const sign = each.kind === 'Invoice' ? 1 : -1;
        documents.push({
          ...{ id: each.id, number: each.number, kind: each.kind, account: held[0].line.account, run, items: held },
          ...{ act: `${this.acts} ${key}`, together: this.rule.startsWith('All') || mine.length === 1 },
          status: isPosted ? 'Posted' : 'Draft',
          net: sum(held.map(({ net }) => net)).times(sign),
          tax: sum(held.map(({ tax }) => tax)).times(sign),
          ...{ reversed: false, isReversal: false, everUsed: false },
        });
      }
    }
    for (const document of documents) for (const { id } of document.items) this.claims.set(id, document);
    this.documents.push(...documents);
    return documents;
  }

  // What is owed (7)

  total = ({ net, tax }: Document): Big => net.plus(tax);
  balance(invoice: Document): Big {
    if (invoice.status === 'Canceled') return zero; // N11
    const uses = [...this.applied, ...this.paid, ...this.offset].filter((use) => use.invoice === invoice);
    const given = this.offset.filter(({ from }) => from === invoice);
    return this.total(invoice)
      .minus(sum(uses.map(({ amount }) => amount)))
      .plus(sum(given.map(({ amount }) => amount)));
  }
  appliedOf = (memo: Document): Big =>
    sum(this.applied.filter(({ from }) => from === memo).map(({ amount }) => amount));
  unapplied = (memo: Document): Big =>
    memo.status === 'Canceled' ? zero : this.total(memo).minus(this.appliedOf(memo)); // N11
  paidBy = (payment: Payment): Big => sum(this.paid.filter(({ from }) => from === payment).map(({ amount }) => amount));
  isUsed = (document: Document): boolean =>
    document.reversed ||
    [...this.applied, ...this.offset].some(({ from, invoice }) => from === document || invoice === document) ||
    this.paid.some(({ invoice }) => invoice === document);
  /** What of an account's negative invoices can be put against others, oldest first. */
  negatives = (account: Account): Document[] =>
    this.documents
      .filter((each) => each.account === account && each.kind === 'Invoice' && each.status === 'Posted')
      .filter((each) => this.balance(each).lt(0))
      .sort((a, b) => (a.number < b.number ? -1 : 1));

  /** Collects invoices of one account: what negative ones offer is taken off first. The payment, null where nothing is left. */
  collect(invoices: Document[]): Omit<Payment, 'id' | 'number'> | null {
    const owing = invoices.filter((each) => this.balance(each).gt(0));
    for (const invoice of owing) {
      for (const from of this.negatives(invoice.account)) {
        const amount = least(zero.minus(this.balance(from)), this.balance(invoice));
        if (amount.gt(0)) this.offset.push({ from, invoice, amount });
        invoice.everUsed = from.everUsed = true;
      }
    }
    const rest = owing.filter((each) => this.balance(each).gt(0));
    if (!rest.length) return null;
    const amounts = rest.map((invoice) => this.balance(invoice));
    const payment = { account: rest[0].account, amount: sum(amounts), refunded: zero };
    for (const [at, invoice] of rest.entries()) {
      this.paid.push({ from: payment as Payment, invoice, amount: amounts[at] });
      invoice.everUsed = true;
    }
    return payment;
  }

  // Undoing (8)

  sisters = (document: Document): Document[] =>
    document.isReversal ? [document] : this.documents.filter((each) => each.act === document.act && !each.isReversal);
  enter(documents: Document[], status: Document['status']): void {
    for (const document of documents) {
      document.status = status;
      if (status === 'Canceled') this.free(document);
    }
  }
  free(document: Document): void {
    for (const { id } of document.items) if (this.claims.get(id) === document) this.claims.delete(id);
  }
}

export const isBookedOrLater = (state: State): boolean => ['Booked', 'SentToBilling', 'Complete'].includes(state);
