import fc from 'fast-check';
import { Refusal } from '../../../src/domain/errors';
import { GatewayFailure } from '../../../src/gateway/port';
import { updateBillingSettings } from '../../../src/service/billing-settings';
import { createOrder, type NewOrderLineItem } from '../../../src/service/order';
import { updateOrderLineItem } from '../../../src/service/order-line-item-change';
import { Work } from '../../../src/service/run/work';
import { orderFor, type TestGatewayServer } from '../gateway';
import { carriedOut } from './asks';
import { billRunActs, workerActs } from './bill-runs';
import { documentActs } from './documents';
import { fulfillmentActs } from './fulfillments';
import { gst, lineActs, vat } from './lines';
import { type Act, look } from './world';

/* Random sequences of commands over the whole domain, and what carries them out on the services. */

const clientActs = { ...lineActs, ...fulfillmentActs, ...documentActs, ...billRunActs };
export const acts = { ...clientActs, ...workerActs };

type ActName = keyof typeof acts;
export const actNames = Object.keys(acts) as ActName[];
/** Those that a client can ask for. */
export const clientActNames = Object.keys(clientActs) as ActName[];

export interface Command {
  act: ActName;
  args: unknown;
}

export const commandOf = (names: readonly ActName[]): fc.Arbitrary<Command> =>
  fc.oneof(
    ...names.map((name) => ({
      weight: acts[name].weight,
      arbitrary: (acts[name].of as fc.Arbitrary<unknown>).map((args) => ({ act: name, args })),
    })),
  );

/** So many tens: any of them, and any one in them, can be left out to find out which it takes; none is made simpler. */
const some = <T>(each: fc.Arbitrary<T>, length: number) =>
  fc.array(fc.option(each, { freq: 1e9 }), { minLength: length, maxLength: length });
export const commandsBy = (tens: number): fc.Arbitrary<Command[]> =>
  some(some(fc.noShrink(commandOf(actNames)), 10), tens).map((all) =>
    all.flatMap((ten) => ten ?? []).filter((one) => one !== null),
  );

/** What an account pays with: two can pay, one is declined, and of two the gateway fails or never answers. */
const accounts = [
  { currency: 'USD', paymentMethodToken: 'tok_ok' },
  { currency: 'EUR', paymentMethodToken: 'tok_ok' },
  { currency: 'JPY', paymentMethodToken: 'tok_declined' },
  { currency: 'USD', paymentMethodToken: 'tok_error' },
  { currency: 'USD', paymentMethodToken: 'tok_timeout' },
];

/**
 * Each account of a bill run has a chunk of its own, as one of 10,000 items has: else a small world would be one chunk,
 * and nothing could fall between two.
 */
const chunkPerAccount = `
  create function own_chunk() returns trigger language plpgsql as $$ begin
    new.chunk_id := gen_random_uuid();
    insert into bill_run_chunk (id, entity_id, bill_run_id, status)
      values (new.chunk_id, new.entity_id, new.bill_run_id, 'Pending');
    return new;
  end $$;
  create trigger own_chunk before insert on bill_run_account for each row execute function own_chunk();
  create function drop_chunks() returns trigger language plpgsql as $$ begin
    delete from bill_run_chunk c where not exists (select from bill_run_account a where a.chunk_id = c.id);
    return null;
  end $$;
  create trigger drop_chunks after insert on bill_run_account execute function drop_chunks()`;

const runBilling = { runBilling: true, billingOptions: { targetDate: '2022-01-02' } };
const sent = { itemState: 'SentToBilling', billTargetDate: '2022-01-01' } as const;
const without = { billingRule: 'TriggerWithoutFulfillment' } as const;
const lines: Partial<NewOrderLineItem>[] = [
  { quantity: '9.5', amountPerUnit: '3.335', taxCode: 'VAT', taxMode: 'TaxInclusive' },
  { quantity: '12', amountPerUnit: '7.77', taxCode: 'GST' },
  { quantity: '30', amountPerUnit: '3.335', unitOfMeasure: 'Each', ...without, ...sent },
  { quantity: '5.5', amountPerUnit: '0.333', unitOfMeasure: 'kg', taxCode: 'VAT', ...without, itemState: 'Executing' },
];

/** Some accounts with a little sold to each; the one is billed part of it, and credited and to be credited a return. */
export async function beginWorld(gateway: TestGatewayServer, invoiceSettlement: boolean): Promise<Work> {
  await gateway.database.owner(chunkPerAccount);
  const work = await (await gateway.client()).work();
  await updateBillingSettings(work, { taxCodes: [vat('0.1'), gst('0.05')], invoiceSettlement });
  for (const money of accounts) {
    const { account, order, orderLineItems } = await orderFor(work, lines, money);
    const processingOptions = money.paymentMethodToken === 'tok_ok' ? runBilling : null;
    await updateOrderLineItem(work, orderLineItems[2].id, { paymentTerm: 'Net 30', processingOptions });
    for (const options of [processingOptions, null]) {
      await createOrder(work, {
        ...{ existingAccountNumber: account.accountNumber, orderDate: '2022-01-05', category: 'Return' },
        orderLineItems: [
          {
            ...{ itemName: 'Device, returned', itemCategory: 'Return', quantity: '2', ...without, ...sent },
            ...{ originalOrderNumber: order.orderNumber, originalOrderLineItemNumber: '3' },
          },
        ],
        processingOptions: options,
      });
    }
  }
  return work;
}

/** What came of the commands of each kind: how many were done, and how many each code refused. */
export type Tally = Partial<Record<ActName, Record<string, number>>>;

export function count(tally: Tally, act: ActName, outcome: string): void {
  const counts = tally[act] ?? {};
  tally[act] = { ...counts, [outcome]: (counts[outcome] ?? 0) + 1 };
}

/** Carries commands out, so many at once. Whatever goes wrong without being refused by the rules is thrown. */
export async function carryOut(
  gateway: TestGatewayServer,
  { caller }: Work,
  commands: readonly Command[],
  atOnce: number,
  tally: Tally,
): Promise<void> {
  const queue = [...commands];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      count(tally, next.act, await outcomeOf(gateway, new Work(gateway.services, caller), next));
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

/** Failures of which none is ours: the payment gateway's, on accounts that have it fail. */
export const ourFailures = ({ failures }: TestGatewayServer) =>
  failures.filter(({ error }) => !(error instanceof GatewayFailure));

/** "done", or the code of the first refusal. That others hold the same objects is none: they are to take turns. */
async function outcomeOf(gateway: TestGatewayServer, work: Work, { act, args }: Command): Promise<string> {
  try {
    await carriedOut(work, (acts[act] as Act<unknown>).ask(await look(work), args, work.caller));
    return 'done';
  } catch (error) {
    const refused = error instanceof Refusal ? error.errors[0].code : undefined;
    const gatewayFailed = gateway.failures.some(({ error }) => error instanceof GatewayFailure);
    const isFair = refused === 'PAYMENT_FAILED' ? gatewayFailed : refused !== 'LOCKED_RETRY';
    if (refused && isFair) return refused;
    throw new Error(`${act} ${JSON.stringify(args)} failed`, { cause: error });
  } finally {
    await work.finish();
  }
}
