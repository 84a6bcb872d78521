import { demoEntities } from './demo/data';
import { demoClientId, demoSecret } from './demo/fill';

/** Prints the step of a slow start to the terminal. */
export const tell = (step: string): void => {
  process.stdout.write(`  ${step} ...\n`);
};

/** Prints the URLs to open and, in the demo, commands to paste. */
export function welcome(origin: string, demo: boolean): void {
  const lines = ['', `  Playground  ${origin}/playground`, `  GraphQL     ${origin}/graphql`];
  if (demo) lines.push(`  REST        ${origin}/v1/docs`, `  Board       ${origin}/board`, ...things(origin));
  process.stdout.write(`${lines.join('\n')}\n\n`);
}

/** The published line item, with its account and its order in the demo data. */
const sale = { id: '4028828c82819b740182821bb23e15c4', account: 'A00000002', order: 'O-00000002' };

function things(origin: string): string[] {
  const json = `-H "authorization: Bearer $TOKEN" -H 'content-type: application/json'`;
  const delivery = `{"orderLineItemId":"${sale.id}","fulfillmentDate":"2026-01-31","quantity":5,"state":"SentToBilling","billTargetDate":"2026-01-31"}`;
  const back = `{itemCategory: Return, itemName: \\"Return\\", originalOrderNumber: \\"${sale.order}\\", originalOrderLineItemNumber: \\"1\\", quantity: 2, itemState: SentToBilling, billTargetDate: \\"2026-02-01\\"}`;
  const order = `{existingAccountNumber: \\"${sale.account}\\", orderDate: \\"2026-02-01\\", category: Return, orderLineItems: [${back}], processingOptions: {runBilling: true}}`;
  return [
    '',
    '  Three things to try in another terminal, one after the other. First a token:',
    '',
    `TOKEN=$(curl -s ${origin}/oauth/token -d grant_type=client_credentials -d client_id=${demoClientId} -d client_secret=${demoSecret} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    '',
    '  1. Deliver 5 pieces and bill them: an invoice',
    '',
    `curl -s ${origin}/v1/fulfillments ${json} -d '{"fulfillments":[${delivery}],"processingOptions":{"runBilling":true}}'; echo`,
    '',
    '  2. Take 2 of them back: a credit memo',
    '',
    `curl -s ${origin}/graphql ${json} -d '{"query":"mutation { createOrder(input: ${order}) { creditMemos { creditMemoNumber amount } userErrors { message } } }"}'; echo`,
    '',
    '  3. Bill everything else that is due: a bill run',
    '',
    `npm run bill-run -- --entity "${demoEntities[0].name}" --target-date 2026-02-28`,
  ];
}
