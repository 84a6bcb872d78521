import {
  Arg,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import { createAccount, updateAccount } from '../service/account';
import { AccountRow } from '../store/account';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { Payload, payload } from './errors';
import { Audited, Node } from './node';
import { shownCopy } from './read/show';
import { JSONObjectScalar } from './scalars';
import { Org } from './viewer';

@ObjectType({
  description: 'Payment method of an account. The gateway token is never shown. No id: part of its account.',
  simpleResolvers: true,
})
export class PaymentMethod {
  @Field(() => String, { description: 'Kind of payment method, such as a card. The test gateway shows Test.' })
  type: string;
  @Field(() => String, { description: 'Text by which people recognize the payment method.' }) label: string;
}

@ObjectType({
  implements: Node,
  description: 'A billing account: the customer that places orders and is invoiced.',
  simpleResolvers: true,
})
export class Account extends Audited {
  @Field(() => String, {
    description: 'Business number of the account, such as A00000001. Unique in the entity; never changes.',
  })
  accountNumber: string;
  @Field(() => String, { description: 'Name of the customer. Several accounts may have the same name.' }) name: string;
  @Field(() => String, {
    description:
      'ISO 4217 code, such as USD. Orders, documents and payments of the account are in this currency. Never changes.',
  })
  currency: string;
  @Field(() => String, {
    description:
      'Time from the invoice date until an invoice is due: "Net <days>" or "Due Upon Receipt". A line item can have a payment term of its own.',
  })
  paymentTerm: string;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description:
      'Contacts, notes and numbers that are kept for other systems, under their published names; null if there are none. No rule reads them. Source: Zuora, "Create an account".',
  })
  details: Record<string, unknown> | null;
}

@InputType({ description: 'The values of a new account.' })
export class CreateAccountInput {
  @Field(() => String, { description: 'Name of the customer, at most 255 characters.' }) name: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Business number, at most 70 characters. It must not have the form of an id or begin with DRYRUN-. Default: the next number, such as A00000001. DUPLICATE if the number is taken anywhere in the entity, even in an org that the caller does not see.',
  })
  accountNumber?: string;
  @Field(() => String, {
    description:
      'ISO 4217 code of all orders, documents and payments of the account, such as USD. Cannot be changed later.',
  })
  currency: string;
  @Field(() => String, {
    nullable: true,
    defaultValue: 'Net 30',
    description: 'Time from the invoice date until an invoice is due: "Net <days>" (1 to 999) or "Due Upon Receipt".',
  })
  paymentTerm?: string;
  @Field(() => ID, {
    nullable: true,
    description: 'Org that the account belongs to for good. REQUIRED only if the client has several orgs.',
  })
  orgId?: string;
  @Field(() => String, {
    nullable: true,
    description:
      "The payment gateway's token for the payment method; never shown again. The test gateway knows tok_ok, tok_declined, tok_timeout and tok_error, which fails after it may have charged.",
  })
  paymentMethodToken?: string;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description:
      'What to keep for other systems: billToContact, soldToContact, shipToContact, additionalEmailAddresses, notes, crmId and others under their published names, and custom fields. At most 20,000 characters as JSON, otherwise LIMIT_EXCEEDED. An unknown name is INVALID_VALUE.',
  })
  details?: Record<string, unknown> | null;
}

@InputType({ description: 'Changes to an account. A field that is left out stays. At least one field must be given.' })
export class UpdateAccountInput {
  @Field(() => String, { nullable: true, description: 'Name of the customer, at most 255 characters.' })
  name?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Payment term of future invoices: "Net <days>" (1 to 999) or "Due Upon Receipt".',
  })
  paymentTerm?: string;
  @Field(() => String, {
    nullable: true,
    description: "The payment gateway's token for the payment method; null removes the payment method.",
  })
  paymentMethodToken?: string | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description:
      'What to keep for other systems. A given detail replaces the one before, null removes it, and others stay. Null in place of all removes all.',
  })
  details?: Record<string, unknown> | null;
}

@ObjectType({
  description: 'Result of a mutation of an account, or the errors that refused it.',
  simpleResolvers: true,
})
export class AccountPayload extends Payload {
  @Field(() => Account, { nullable: true, description: 'The account after the mutation; null if refused.' })
  account: Account | null;
}

const done = ({ account }: { account: AccountRow }) => ({ account: shownCopy('account', account) });
const present = (row: object) => shownCopy('account', row as AccountRow);

@Resolver(() => Account)
export class AccountResolver {
  @Mutation(() => AccountPayload, { nullable: true, description: 'Creates a billing account, with no orders yet.' })
  @Extensions({ scope: 'order' })
  createAccount(
    @Arg('input', () => CreateAccountInput, {
      description: 'Name, currency, payment term and payment method of the new account.',
    })
    input: CreateAccountInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<AccountPayload> {
    return payload(createAccount(work, input, dryRun), done, { account: null });
  }

  @Mutation(() => AccountPayload, {
    nullable: true,
    description: 'Changes the name, payment term or payment method of a billing account.',
  })
  @Extensions({ scope: 'order' })
  updateAccount(
    @Arg('key', () => ID, shared.key('account number')) key: string,
    @Arg('input', () => UpdateAccountInput, { description: 'The fields to change.' }) input: UpdateAccountInput,
    @Arg('expectedVersion', () => Int, shared.expectedVersion) expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<AccountPayload> {
    return payload(updateAccount(work, key, input, { expectedVersion, dryRun }), done, { account: null }, present);
  }

  @FieldResolver(() => PaymentMethod, {
    nullable: true,
    description: 'How the account pays. Null if it has no payment method; then no payment can be collected.',
  })
  paymentMethod(@Root() account: AccountRow, @Ctx() { work }: GraphContext): PaymentMethod | null {
    return account.paymentMethodToken ? (work.services.gateway.describe(account.paymentMethodToken) ?? null) : null;
  }

  @FieldResolver(() => Org, {
    description: 'Organization of the account; never changes. It decides who sees the account and everything below it.',
  })
  async org(@Root() account: AccountRow, @Ctx() context: GraphContext): Promise<Org> {
    return context.loaders.org(account.orgId);
  }
}
