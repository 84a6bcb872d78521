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
import { payload, UserError } from './errors';
import { Audited, Node } from './node';
import { shownCopy } from './read/show';
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

const done = ({ account }: { account: AccountRow }) => ({ account: shownCopy('account', account) });
const present = (row: object) => shownCopy('account', row as AccountRow);

@Resolver(() => Account)
export class AccountResolver {
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
}
