import { accountDetails, isAccountDetail } from '../../domain/account-details';
import { Refusal, userError } from '../../domain/errors';
import { isObject } from '../../domain/json';
import { type CreateAccountInput, createAccount, type UpdateAccountInput, updateAccount } from '../../service/account';
import { GraphRead } from './graph-read';
import type { JsonSchema } from './json-schema';
import { type Body, operation } from './operation';
import { Made, Published, type Shown, same } from './shape';

/** What is kept of an account for other systems, by name. */
const kept: Readonly<Record<(typeof accountDetails)[number], JsonSchema>> = {
  billToContact: { type: ['object', 'null'], description: 'Contact that bills are addressed to.' },
  soldToContact: { type: ['object', 'null'], description: 'Contact that goods are sold to.' },
  shipToContact: { type: ['object', 'null'], description: 'Contact that goods are shipped to.' },
  additionalEmailAddresses: {
    ...{ type: ['array', 'null'], items: { type: 'string' } },
    description: 'Further addresses for messages. This gateway sends none.',
  },
  notes: { type: ['string', 'null'], description: 'Free text for people.' },
  crmId: { type: ['string', 'null'], description: 'Id of the account in a CRM.' },
  salesRep: { type: ['string', 'null'], description: 'Name of the sales representative.' },
  customerServiceRepName: { type: ['string', 'null'], description: 'Name of the service representative.' },
  purchaseOrderNumber: { type: ['string', 'null'], description: 'Number that the customer uses for its orders.' },
  communicationProfileId: { type: ['string', 'null'], description: 'Id of a communication profile.' },
  profileNumber: { type: ['string', 'null'], description: 'Number of a communication profile.' },
  batch: { type: ['string', 'null'], description: 'Name of a batch. Bill runs here know no batches.' },
  billCycleDay: { type: ['integer', 'null'], description: 'A day of the month. Bill runs here know no cycles.' },
  parentId: { type: ['string', 'null'], description: 'Id of a parent account in another system.' },
  partnerAccount: { type: ['boolean', 'null'], description: 'Whether the customer is a partner or reseller.' },
  tagging: { type: ['string', 'null'], description: 'A tag.' },
  invoiceDeliveryPrefsEmail: { type: ['boolean', 'null'], description: 'Whether invoices should go by e-mail.' },
  invoiceDeliveryPrefsPrint: { type: ['boolean', 'null'], description: 'Whether invoices should be printed.' },
};
const detail = (name: keyof typeof kept): Made =>
  new Made(kept[name], ({ details }) => (details as Shown | null)?.[name] ?? null, 'details');
const details = (...names: (keyof typeof kept)[]) => Object.fromEntries(names.map((name) => [name, detail(name)]));

const basicInfo = new Published(
  'Account',
  {
    ...same('id', 'accountNumber', 'name'),
    status: new Made({ const: 'Active', description: 'Always Active.' }, () => 'Active'),
    ...details('notes', 'crmId', 'salesRep', 'batch', 'communicationProfileId', 'profileNumber', 'parentId'),
    ...details('partnerAccount', 'tagging', 'purchaseOrderNumber', 'customerServiceRepName'),
    customFields: new Made({ type: 'object', description: 'Custom fields, whose names end in __c.' }, (shown) =>
      Object.fromEntries(
        Object.entries((shown.details as Shown | null) ?? {}).filter(([name]) => name.endsWith('__c')),
      ),
    ),
  },
  'AccountBasicInfo',
);
const billingAndPayment = new Published(
  'Account',
  {
    ...same('currency', 'paymentTerm'),
    autoPay: new Made({ const: false, description: 'Always false: payments are collected on request.' }, () => false),
    ...details('billCycleDay', 'additionalEmailAddresses', 'invoiceDeliveryPrefsEmail', 'invoiceDeliveryPrefsPrint'),
  },
  'AccountBillingAndPayment',
);
const contacts = details('billToContact', 'soldToContact', 'shipToContact');
const accountRead = new GraphRead<{ account: Shown | null }>(`query Account($key: ID!) {
  account(key: $key) { ${basicInfo.selection} ${billingAndPayment.selection} }
}`);

/** What is kept comes beside the fields of the graph. Payments are collected on request, so autoPay may only be false. */
const body = (of: 'CreateAccountInput' | 'UpdateAccountInput', example: object): Body => ({
  of,
  but: {
    ...kept,
    details: null,
    autoPay: { enum: [false, null], description: 'Only false: payments are collected on request.' },
  },
  into: withDetails,
  example,
});

/**
 * The published REST operations on accounts, as far as accounts exist here: contacts and notes are kept, and not used.
 * Sources: Zuora, "Create an account", "Retrieve an account", "Update an account".
 */
export const accountOperations = [
  operation<CreateAccountInput>({
    ...{ method: 'POST', path: '/v1/accounts', scope: 'order', summary: 'Create an account', noun: 'Account' },
    body: body('CreateAccountInput', {
      ...{ name: 'Example Inc.', currency: 'USD', paymentTerm: 'Net 30', notes: 'Delivers on weekdays' },
      billToContact: { firstName: 'Ada', lastName: 'Example', country: 'United States', state: 'California' },
    }),
    reply: { accountId: 'id', accountNumber: 'accountNumber' },
    act: async (work, { body }) => {
      const { account } = await createAccount(work, body).catch(inPublishedWords);
      return { accountId: account.id, accountNumber: account.accountNumber };
    },
  }),
  operation({
    ...{ method: 'GET', path: '/v1/accounts/{key}', scope: 'read', summary: 'Retrieve an account', noun: 'Account' },
    reply: { basicInfo, billingAndPayment, ...contacts },
    act: async (work, { key, limits }) => {
      const { account } = await accountRead.data(work, limits, { key });
      if (!account) throw new Refusal([userError('NOT_FOUND', 'No account has this id or number.')]);
      return {
        basicInfo: basicInfo.write(account),
        billingAndPayment: billingAndPayment.write(account),
        ...Object.fromEntries(Object.entries(contacts).map(([name, contact]) => [name, contact.value(account)])),
      };
    },
  }),
  operation<UpdateAccountInput>({
    ...{ method: 'PUT', path: '/v1/accounts/{key}', scope: 'order', summary: 'Update an account', noun: 'Account' },
    body: body('UpdateAccountInput', { paymentTerm: 'Net 60', notes: 'Moved' }),
    reply: {},
    act: async (work, { key, body }) => {
      await updateAccount(work, key, body).catch(inPublishedWords);
      return {};
    },
  }),
];

/** Gathers what is kept into the field of the graph. @throws Refusal */
function withDetails(given: unknown): unknown {
  if (!isObject(given)) return given;
  if ('details' in given) {
    throw new Refusal([userError('INVALID_VALUE', 'Give each detail under its own name.', ['input', 'details'])]);
  }
  const { autoPay, ...fields } = given;
  const entries = Object.entries(fields);
  const found = entries.filter(([name]) => isAccountDetail(name));
  return {
    ...Object.fromEntries(entries.filter(([name]) => !isAccountDetail(name))),
    ...(found.length > 0 && { details: Object.fromEntries(found) }),
    ...(autoPay !== false && autoPay !== null && autoPay !== undefined && { autoPay }),
  };
}

/** @throws a refusal whose paths name the published fields */
function inPublishedWords(error: unknown): never {
  if (!(error instanceof Refusal)) throw error;
  throw new Refusal(
    error.errors.map(({ path, ...rest }) => ({ ...rest, path: path.filter((part) => part !== 'details') })),
  );
}
