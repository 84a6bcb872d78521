import { pino } from 'pino';
import { StripeGateway } from '../../src/gateway/stripe';
import type { KeyListener } from '../../src/gateway/stripe-account';
import { StripeBooks } from '../../src/gateway/stripe-books';
import { names } from '../../src/gateway/stripe-metadata';
import { createFulfillments } from '../../src/service/fulfillment';
import { StripeLedger } from '../../src/store/stripe';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from './gateway';
import { eventSecret, type SentEvent } from './stripe-events';
import type { Intent } from './stripe-model';
import { StripeStandIn, standInKey } from './stripe-stand-in';

interface Paid {
  id: string;
  invoiceId: string;
  intent: Intent;
}

export interface StripeShop {
  standIn: StripeStandIn;
  gateway: TestGatewayServer;
  client: TestClient;
  /** Where the gateway listens. */
  address: string;
  /** What was told of keys that Stripe refuses. */
  told: string[];
  /** Lines of the log. */
  log: { level: number; msg: string }[];
  /** Sends an event to the gateway, over HTTP. */
  post(event: SentEvent, path?: string): Promise<{ status: number; text: string }>;
  /** A payment of 10.00 that is authorized and not captured, as a process leaves it that ends there. */
  collected(): Promise<Paid>;
  /** A payment of 10.00 that is taken. */
  paid(): Promise<Paid>;
  close(): Promise<void>;
}

/** A gateway that collects at a stand-in of Stripe, and takes its events. */
export async function stripeShop(): Promise<StripeShop> {
  const standIn = await StripeStandIn.start();
  const options = { key: standInKey, url: standIn.url, timeoutMs: 2_000, version: 'test' };
  const told: string[] = [];
  const log: StripeShop['log'] = [];
  const onKey: KeyListener = (account, call, reason) => told.push(`${account} ${call}: ${reason ?? 'accepted'}`);
  const books = new StripeBooks({ secret: eventSecret }, options, onKey);
  let stripe: StripeGateway | undefined;
  const gateway = await testGateway({
    gatewayTimeoutMs: 2_000,
    payments: (pool) => {
      stripe = new StripeGateway(new StripeLedger(pool), options, onKey);
      return stripe;
    },
    server: { providerBooks: books, logger: pino({ write: (line: string) => log.push(JSON.parse(line)) }) },
  });
  const address = await gateway.server.app.listen({ port: 0, host: '127.0.0.1' });
  const client = await gateway.client();
  const collect = async (finish: boolean): Promise<Paid> => {
    const work = await client.work();
    const paymentMethodToken = standIn.account.method('tok_visa');
    const { orderLineItems } = await orderFor(work, [{}], { paymentMethodToken });
    const { payments, invoices } = await createFulfillments(work, {
      fulfillments: [
        {
          ...{ orderLineItemId: orderLineItems[0].id, quantity: '1', state: 'SentToBilling' as const },
          ...{ fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
        },
      ],
      processingOptions: { runBilling: true, collectPayment: true },
    });
    if (finish) await work.finish();
    const { attemptId } = payments[0];
    const intent = [...standIn.account.intents.values()].find(({ metadata }) => metadata[names.attempt] === attemptId)!;
    return { id: payments[0].id, invoiceId: invoices[0].id, intent };
  };
  return {
    ...{ standIn, gateway, client, address, told, log },
    post: async ({ payload, headers }, path = '/gateway/stripe') => {
      const reply = await fetch(`${address}${path}`, { method: 'POST', body: payload, headers });
      return { status: reply.status, text: await reply.text() };
    },
    collected: () => collect(false),
    paid: () => collect(true),
    close: async () => {
      await gateway.close();
      stripe?.close();
      books.close();
      await standIn.close();
    },
  };
}
