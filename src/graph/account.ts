import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { createAccount, updateAccount } from '../service/account';
import { AccountRow } from '../store/account';
import type { CreditMemoRow } from '../store/credit-memo';
import type { InvoiceRow } from '../store/invoice';
import * as shared from './arguments';
import { BillingDocument } from './billing-document';
import { type Connection, connectionType, edgeConnection, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { type CreditMemo, CreditMemoConnection, CreditMemoPageArgs } from './credit-memo';
import { AccountOrderFieldEnum, OrderDirectionEnum } from './enums';
import { payload, UserError } from './errors';
import { DateTimeFilter, IDFilter, StringFilter } from './filters';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { type Invoice, InvoiceConnection, InvoicePageArgs } from './invoice';
import { Audited, Node } from './node';
import { shown } from './nouns';
import { type Order, OrderConnection, OrderPageArgs } from './order';
import { type Payment, PaymentConnection } from './payment';
import { Org } from './viewer';

@ObjectType({ description: 'How an account pays. The gateway token is never shown.', simpleResolvers: true })
export class PaymentMethod {
  @Field(() => String, { description: 'What sort of means it is, such as a card; Test behind the test gateway.' })
  type: string;
  @Field(() => String, { description: 'What may be shown of it to people, to tell it from others.' }) label: string;
}

@ObjectType({
  implements: Node,
  description: 'A billing account, the customer: it places orders and is invoiced.',
  simpleResolvers: true,
})
export class Account extends Audited {
  @Field(() => String, {
    description: 'Its business number, such as A00000001; unique in the entity, and never changes.',
  })
  accountNumber: string;
  @Field(() => String, { description: 'What the customer is called; several may be called the same.' }) name: string;
  @Field(() => String, {
    description:
      'ISO 4217 code, such as USD, which never changes: its orders, documents and payments are in this currency.',
  })
  currency: string;
  @Field(() => String, {
    description:
      '"Net <days>" or "Due Upon Receipt": how long after their date its invoices are due, where a line item says nothing else.',
  })
  paymentTerm: string;
}

export const AccountConnection = connectionType(Account, 'Account');

@InputType({ description: 'Conditions on accounts. All that are given must hold, and none may be null.' })
export class AccountFilter {
  @Field(() => IDFilter, { nullable: true, description: 'Only those whose id meets these conditions.' })
  id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose accountNumber meets these conditions.' })
  accountNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose name meets these conditions.' })
  name?: StringFilter;
  @Field(() => String, { nullable: true, description: 'Only those in this currency, an ISO 4217 code such as USD.' })
  currency?: string;
  @Field(() => DateTimeFilter, {
    nullable: true,
    description: 'Only those last changed in this span of time: what is new since the last look.',
  })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'How accounts are sorted; ties are broken by id.' })
export class AccountOrder {
  @Field(() => AccountOrderFieldEnum, { description: 'What they are sorted by; ties are broken by id.' })
  field: keyof typeof AccountOrderFieldEnum;
  @Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest comes first.',
  })
  direction: 'ASC' | 'DESC';
}

@ArgsType()
export class AccountPageArgs extends PageArgs {
  @Field(() => AccountFilter, {
    nullable: true,
    description: 'Which of them; all that the caller sees where absent.',
  })
  filter?: AccountFilter;
  @Field(() => AccountOrder, {
    nullable: true,
    description: 'What they are sorted by; the last changed comes first where absent.',
  })
  orderBy?: AccountOrder;
}

@InputType({ description: 'What a new account is made with.' })
export class CreateAccountInput {
  @Field(() => String, { description: 'What the customer is called, at most 255 characters.' }) name: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Its business number, at most 70 characters, not of the form of an id and not beginning with DRYRUN-; the next of A00000001, ... where absent. DUPLICATE where it is taken, be it in an org that the caller does not see: numbers are unique in the entity.',
  })
  accountNumber?: string;
  @Field(() => String, {
    description: 'ISO 4217 code of all that will be billed to it, such as USD; cannot be changed later.',
  })
  currency: string;
  @Field(() => String, {
    nullable: true,
    defaultValue: 'Net 30',
    description: '"Net <days>" (1 to 999) or "Due Upon Receipt": how long after their date its invoices are due.',
  })
  paymentTerm?: string;
  @Field(() => ID, {
    nullable: true,
    description: 'The org that it will belong to for good; REQUIRED only where the client has several.',
  })
  orgId?: string;
  @Field(() => String, {
    nullable: true,
    description:
      "The payment gateway's token of what it pays with; never given out again. The test gateway knows tok_ok, tok_declined, tok_error (fails after it may have charged) and tok_timeout.",
  })
  paymentMethodToken?: string;
}

@InputType({ description: 'Changes of an account; what is left out stays. At least one field must be given.' })
export class UpdateAccountInput {
  @Field(() => String, { nullable: true, description: 'What the customer is called, at most 255 characters.' })
  name?: string;
  @Field(() => String, {
    nullable: true,
    description: '"Net <days>" (1 to 999) or "Due Upon Receipt", for what is billed from now on.',
  })
  paymentTerm?: string;
  @Field(() => String, {
    nullable: true,
    description: "The payment gateway's token of what it pays with; null takes the method away.",
  })
  paymentMethodToken?: string | null;
}

@ObjectType({
  description: 'What a mutation of an account brought about, or why it was refused.',
  simpleResolvers: true,
})
export class AccountPayload {
  @Field(() => Account, { nullable: true, description: 'The account as it is now; null where refused.' })
  account: Account | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

const done = ({ account }: { account: AccountRow }) => ({ account: shown('account', account) });
const present = (row: object) => shown('account', row as AccountRow);

@Resolver(() => Account)
export class AccountResolver {
  @Query(() => Account, {
    nullable: true,
    description: 'The account that an id or account number names; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  account(
    @Arg('key', () => ID, shared.key('account number')) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account | null> {
    return context.find('account', key, info);
  }

  @Query(() => AccountConnection, {
    nullable: true,
    description: 'The accounts that the caller sees, the last changed first where no order is asked for.',
  })
  @Extensions({ scope: 'read' })
  accounts(
    @Args(() => AccountPageArgs) args: AccountPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Account> {
    return rootConnection(context, 'account', args, info);
  }

  @Mutation(() => AccountPayload, { nullable: true, description: 'Creates a billing account, with no orders yet.' })
  @Extensions({ scope: 'order' })
  createAccount(
    @Arg('input', () => CreateAccountInput, {
      description: 'What the customer is called, its currency, and how and when it pays.',
    })
    input: CreateAccountInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<AccountPayload> {
    return payload(createAccount(work, input, dryRun), done, { account: null });
  }

  @Mutation(() => AccountPayload, {
    nullable: true,
    description: 'Changes what a billing account is called, when it pays and what with.',
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
    description: 'What it pays with; null where it has given nothing, and nothing can be collected from it.',
  })
  paymentMethod(@Root() account: AccountRow, @Ctx() { work }: GraphContext): PaymentMethod | null {
    return account.paymentMethodToken ? (work.services.gateway.describe(account.paymentMethodToken) ?? null) : null;
  }

  @FieldResolver(() => Org, {
    description: 'The organization it belongs to, which never changes: who sees the account and all below it.',
  })
  async org(@Root() account: AccountRow, @Ctx() context: GraphContext): Promise<Org> {
    return context.loaders.org(account.orgId);
  }

  @FieldResolver(() => OrderConnection, { description: 'What it has ordered, returns included.' })
  orders(
    @Root() account: AccountRow,
    @Args(() => OrderPageArgs) args: OrderPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Order> {
    return edgeConnection(context, 'Account.orders', account.id, args, info);
  }

  @FieldResolver(() => InvoiceConnection, { description: 'What was billed to it, drafts and canceled ones included.' })
  invoices(
    @Root() account: AccountRow,
    @Args(() => InvoicePageArgs) args: InvoicePageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Invoice> {
    return edgeConnection(context, 'Account.invoices', account.id, args, info);
  }

  @FieldResolver(() => CreditMemoConnection, {
    description: 'What was credited to it, drafts and canceled ones included.',
  })
  creditMemos(
    @Root() account: AccountRow,
    @Args(() => CreditMemoPageArgs) args: CreditMemoPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemo> {
    return edgeConnection(context, 'Account.creditMemos', account.id, args, info);
  }

  @FieldResolver(() => PaymentConnection, {
    description: 'What was collected from it, failed and refunded ones included.',
  })
  payments(
    @Root() account: AccountRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Payment> {
    return edgeConnection(context, 'Account.payments', account.id, args, info);
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Every change of it, the oldest first.' })
  history(
    @Root() account: AccountRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'Account.history', account.id, args, info);
  }
}

/** For all documents at once, and here: their interface imports no noun. */
@Resolver(() => BillingDocument)
export class BillingDocumentResolver {
  @FieldResolver(() => Account, { description: 'The customer it is made out to; never changes.' })
  account(
    @Root() document: (InvoiceRow | CreditMemoRow) & { __typename: 'Invoice' | 'CreditMemo' },
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return context.follow(`${document.__typename}.account`, document.accountId, info);
  }
}
