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
import { BillingDocument } from './billing-document';
import { type Connection, connectionType, edgeConnection, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { type CreditMemo, CreditMemoConnection, CreditMemoPageArgs } from './credit-memo';
import { AccountOrderFieldEnum, OrderDirectionEnum } from './enums';
import { payload, UserError } from './errors';
import { DateTimeFilter, IDFilter, StringFilter } from './filters';
import { type Invoice, InvoiceConnection, InvoicePageArgs } from './invoice';
import { Audited, Node } from './node';
import { shown } from './nouns';
import { type Order, OrderConnection, OrderPageArgs } from './order';
import { type Payment, PaymentConnection } from './payment';
import { Org } from './viewer';

@ObjectType({ description: 'How an account pays. The gateway token is never shown.', simpleResolvers: true })
export class PaymentMethod {
  @Field(() => String, { description: 'The kind of payment method.' }) type: string;
  @Field(() => String, { description: 'What may be shown of it to people.' }) label: string;
}

@ObjectType({
  implements: Node,
  description: 'A billing account: it owns orders and is invoiced.',
  simpleResolvers: true,
})
export class Account extends Audited {
  @Field(() => String, { description: 'Its business number, such as A00000001.' }) accountNumber: string;
  @Field(() => String, { description: 'Its name.' }) name: string;
  @Field(() => String, { description: 'ISO 4217 code; its orders and documents are in this currency.' })
  currency: string;
  @Field(() => String, { description: '"Net <days>" or "Due Upon Receipt": when its invoices are due.' })
  paymentTerm: string;
}

export const AccountConnection = connectionType(Account, 'Account');

@InputType({ description: 'Which accounts. All conditions that are given must hold.' })
export class AccountFilter {
  @Field(() => IDFilter, { nullable: true, description: 'By id.' }) id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By account number.' }) accountNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By name.' }) name?: StringFilter;
  @Field(() => String, { nullable: true, description: 'By currency, an ISO 4217 code.' }) currency?: string;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'The order of accounts; ties are broken by id.' })
export class AccountOrder {
  @Field(() => AccountOrderFieldEnum, { description: 'What to sort by.' }) field: keyof typeof AccountOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class AccountPageArgs extends PageArgs {
  @Field(() => AccountFilter, { nullable: true, description: 'Which accounts; all where absent.' })
  filter?: AccountFilter;
  @Field(() => AccountOrder, { nullable: true, description: 'In which order; the last changed first where absent.' })
  orderBy?: AccountOrder;
}

@InputType({ description: 'A new account.' })
export class CreateAccountInput {
  @Field(() => String, { description: 'Its name, at most 255 characters.' }) name: string;
  @Field(() => String, { nullable: true, description: 'Its number, at most 70 characters; generated where absent.' })
  accountNumber?: string;
  @Field(() => String, { description: 'ISO 4217 code.' }) currency: string;
  @Field(() => String, {
    nullable: true,
    defaultValue: 'Net 30',
    description: '"Net <days>" (1 to 999) or "Due Upon Receipt".',
  })
  paymentTerm?: string;
  @Field(() => ID, { nullable: true, description: 'The org it belongs to; needed only where the client has several.' })
  orgId?: string;
  @Field(() => String, {
    nullable: true,
    description:
      "The payment gateway's token. The test gateway knows tok_ok, tok_declined, tok_error (fails after it may have charged) and tok_timeout.",
  })
  paymentMethodToken?: string;
}

@InputType({ description: 'Changes of an account; what is left out stays.' })
export class UpdateAccountInput {
  @Field(() => String, { nullable: true, description: 'Its name, at most 255 characters.' }) name?: string;
  @Field(() => String, { nullable: true, description: '"Net <days>" (1 to 999) or "Due Upon Receipt".' })
  paymentTerm?: string;
  @Field(() => String, { nullable: true, description: "The payment gateway's token; null takes the method away." })
  paymentMethodToken?: string | null;
}

@ObjectType({ description: 'The outcome of a mutation of an account.', simpleResolvers: true })
export class AccountPayload {
  @Field(() => Account, { nullable: true, description: 'The account as it is now; null where refused.' })
  account: Account | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where it was done.' }) userErrors: UserError[];
}

const done = ({ account }: { account: AccountRow }) => ({ account: shown('account', account) });
const present = (row: object) => shown('account', row as AccountRow);

@Resolver(() => Account)
export class AccountResolver {
  @Query(() => Account, {
    nullable: true,
    description: 'An account by id or account number; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  account(
    @Arg('key', () => ID, { description: 'Id or account number.' }) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account | null> {
    return context.find('account', key, info);
  }

  @Query(() => AccountConnection, { nullable: true, description: 'The accounts that the caller sees.' })
  @Extensions({ scope: 'read' })
  accounts(
    @Args(() => AccountPageArgs) args: AccountPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Account> {
    return rootConnection(context, 'account', args, info);
  }

  @Mutation(() => AccountPayload, { nullable: true, description: 'Creates a billing account.' })
  @Extensions({ scope: 'order' })
  createAccount(
    @Arg('input', () => CreateAccountInput, { description: 'The account.' }) input: CreateAccountInput,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: 'Judge and show, but write nothing.' })
    dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<AccountPayload> {
    return payload(createAccount(work, input, dryRun), done, { account: null });
  }

  @Mutation(() => AccountPayload, { nullable: true, description: 'Changes a billing account.' })
  @Extensions({ scope: 'order' })
  updateAccount(
    @Arg('key', () => ID, { description: 'Id or account number.' }) key: string,
    @Arg('input', () => UpdateAccountInput, { description: 'What to change.' }) input: UpdateAccountInput,
    @Arg('expectedVersion', () => Int, {
      nullable: true,
      description: 'Refuse with VersionConflict where the account has another version by now.',
    })
    expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: 'Judge and show, but write nothing.' })
    dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<AccountPayload> {
    return payload(updateAccount(work, key, input, { expectedVersion, dryRun }), done, { account: null }, present);
  }

  @FieldResolver(() => PaymentMethod, { nullable: true, description: 'How it pays; null where no method is known.' })
  paymentMethod(@Root() account: AccountRow, @Ctx() { work }: GraphContext): PaymentMethod | null {
    return account.paymentMethodToken ? (work.services.gateway.describe(account.paymentMethodToken) ?? null) : null;
  }

  @FieldResolver(() => Org, { description: 'The organization it belongs to.' })
  async org(@Root() account: AccountRow, @Ctx() context: GraphContext): Promise<Org> {
    return context.loaders.org(account.orgId);
  }

  @FieldResolver(() => OrderConnection, { description: 'Its orders.' })
  orders(
    @Root() account: AccountRow,
    @Args(() => OrderPageArgs) args: OrderPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Order> {
    return edgeConnection(context, 'Account.orders', account.id, args, info);
  }

  @FieldResolver(() => InvoiceConnection, { description: 'Its invoices.' })
  invoices(
    @Root() account: AccountRow,
    @Args(() => InvoicePageArgs) args: InvoicePageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Invoice> {
    return edgeConnection(context, 'Account.invoices', account.id, args, info);
  }

  @FieldResolver(() => CreditMemoConnection, { description: 'Its credit memos.' })
  creditMemos(
    @Root() account: AccountRow,
    @Args(() => CreditMemoPageArgs) args: CreditMemoPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemo> {
    return edgeConnection(context, 'Account.creditMemos', account.id, args, info);
  }

  @FieldResolver(() => PaymentConnection, { description: 'Its payments.' })
  payments(
    @Root() account: AccountRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Payment> {
    return edgeConnection(context, 'Account.payments', account.id, args, info);
  }
}

/** For all documents at once, and here: their interface imports no noun. */
@Resolver(() => BillingDocument)
export class BillingDocumentResolver {
  @FieldResolver(() => Account, { description: 'The account it is made out to.' })
  account(
    @Root() document: (InvoiceRow | CreditMemoRow) & { __typename: 'Invoice' | 'CreditMemo' },
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return context.follow(`${document.__typename}.account`, document.accountId, info);
  }
}
