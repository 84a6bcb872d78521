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
import { type BillRunAction, type BillRunPhase, type BillRunStatus, judgeBillRun } from '../domain/bill-run';
import { money } from '../domain/currency';
import { Refusal, RequestError, type UserErrorCode } from '../domain/errors';
import {
  createBillRun,
  deleteBillRun,
  moveBillRun,
  type BillRunPreview as Preview,
  previewBillRun,
} from '../service/bill-run';
import type { BillRunAccountRow, BillRunRow } from '../store/bill-run';
import { Account } from './account';
import { type Connection, connectionType, edgeConnection, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { type CreditMemo, CreditMemoConnection } from './credit-memo';
import {
  BillRunActionEnum,
  BillRunOrderFieldEnum,
  BillRunStatusEnum,
  OrderDirectionEnum,
  UserErrorCodeEnum,
} from './enums';
import { payload, UserError } from './errors';
import { DateFilter, DateTimeFilter } from './filters';
import { type Invoice, InvoiceConnection } from './invoice';
import { Audited, Node } from './node';
import { columnsOf, shown } from './nouns';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';
import { selectedFields } from './selection';
import { judgement, TransitionBlock } from './transition';

@ObjectType({ description: 'An act that a bill run may be put to.', simpleResolvers: true })
export class BillRunActionState {
  @Field(() => BillRunActionEnum, { description: 'The act.' }) action: BillRunAction;
  @Field(() => Boolean, { description: 'Whether this caller may do it now.' }) allowed: boolean;
  @Field(() => [TransitionBlock], { description: 'Every reason against it; empty where it is allowed.' })
  blockedBy: TransitionBlock[];
}

@ObjectType({
  implements: Node,
  description:
    'A run that bills everything that is due up to a day, in the background, and survives a restart. Seen by who sees every org it belongs to. Source: Zuora, "Overview of bill runs".',
  simpleResolvers: true,
})
export class BillRun extends Audited {
  @Field(() => String, { description: 'Its business number, such as BR-00000001.' }) billRunNumber: string;
  @Field(() => BillRunStatusEnum, { description: 'Where it stands.' }) status: BillRunStatus;
  @Field(() => DateScalar, { description: 'It bills what is due up to this day.' }) targetDate: string;
  @Field(() => DateScalar, { description: 'Printed on the documents; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => Boolean, { description: 'Whether it posts its documents by itself when all are made.' })
  autoPost: boolean;
  @Field(() => Int, { description: 'How many fulfillments and line items it set out to bill.' }) total: number;
  @Field(() => Int, { description: 'How many of them are billed; counts up while it runs.' }) done: number;
  @Field(() => Int, { description: 'How many of them could not be billed; failures says why.' }) failed: number;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When a worker began with it.' }) startedDate:
    | string
    | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When its last step was done; null while one is going on.',
  })
  finishedDate: string | null;
}

@ObjectType({
  description: 'An account that a run could not bill, post, cancel or remove. The others were.',
  simpleResolvers: true,
})
export class BillRunFailure {
  @Field(() => UserErrorCodeEnum, { description: 'What is wrong, for programs.' }) code: UserErrorCode;
  @Field(() => String, { description: 'What is wrong, for people.' }) message: string;
  @Field(() => BillRunStatusEnum, {
    description:
      'What the run was at: Processing where the account could not be billed, PostInProgress, CancelInProgress or RemoveInProgress where its documents could not be posted, canceled or removed, and are as they were.',
  })
  during: BillRunPhase;
}

@ObjectType({ description: 'What a run would bill one account in one currency.', simpleResolvers: true })
export class BillRunPreviewTotal {
  @Field(() => String, { description: 'ISO 4217 code.' }) currency: string;
  @Field(() => Int, { description: 'How many items the documents would have.' }) itemCount: number;
}

@ObjectType({ description: 'What a run would do if it ran now.', simpleResolvers: true })
export class BillRunPreview {
  @Field(() => Int, { description: 'How many invoices.' }) invoiceCount: number;
  @Field(() => Int, { description: 'How many credit memos.' }) creditMemoCount: number;
  @Field(() => [BillRunPreviewTotal], { description: 'The sums, one for each account and currency.' })
  totals: BillRunPreviewTotal[];
  @Field(() => [BillRunFailure], {
    description: 'The accounts that it could not bill, and why; nothing of them is counted above.',
  })
  failures: BillRunFailure[];
}

export const BillRunConnection = connectionType(BillRun, 'BillRun');
export const BillRunFailureConnection = connectionType(BillRunFailure, 'BillRunFailure');

@InputType({ description: 'Which bill runs. All conditions that are given must hold.' })
export class BillRunFilter {
  @Field(() => BillRunStatusEnum, { nullable: true, description: 'By status.' }) status?: BillRunStatus;
  @Field(() => DateFilter, { nullable: true, description: 'By target date.' }) targetDate?: DateFilter;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'The order of bill runs; ties are broken by id.' })
export class BillRunOrder {
  @Field(() => BillRunOrderFieldEnum, { description: 'What to sort by.' }) field: keyof typeof BillRunOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class BillRunPageArgs extends PageArgs {
  @Field(() => BillRunFilter, { nullable: true, description: 'Which bill runs; all where absent.' })
  filter?: BillRunFilter;
  @Field(() => BillRunOrder, { nullable: true, description: 'In which order; the last changed first where absent.' })
  orderBy?: BillRunOrder;
}

@InputType({ description: 'A new bill run.' })
export class CreateBillRunInput {
  @Field(() => DateScalar, { description: 'Bills what is due up to this day.' }) targetDate: string;
  @Field(() => DateScalar, { nullable: true, description: 'Printed on the documents. Default: today (UTC).' })
  invoiceDate?: string | null;
  @Field(() => [ID], {
    nullable: true,
    description: 'Ids or account numbers, 1 to 1,000; every account that the caller sees where absent.',
  })
  accountKeys?: string[] | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Post the documents when all are made; else they stay drafts until postBillRun.',
  })
  autoPost?: boolean | null;
}

@ObjectType({ description: 'The outcome of a mutation of a bill run.', simpleResolvers: true })
export class BillRunPayload {
  @Field(() => BillRun, { nullable: true, description: 'The run as it is now; null where refused.' })
  billRun: BillRun | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where it was done.' }) userErrors: UserError[];
}

@ObjectType({ description: 'The outcome of deleteBillRun.', simpleResolvers: true })
export class DeleteBillRunPayload {
  @Field(() => ID, { nullable: true, description: 'The id of what is being removed; null where refused.' }) deletedId:
    | string
    | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where it was done.' }) userErrors: UserError[];
}

const done = ({ billRun }: { billRun: BillRunRow }) => ({ billRun: shown('billRun', billRun) });

@Resolver(() => BillRun)
export class BillRunResolver {
  @Query(() => BillRun, {
    nullable: true,
    description: 'A bill run by id or number; null where the caller sees none, or it has been removed.',
  })
  @Extensions({ scope: 'read' })
  billRun(
    @Arg('key', () => ID, { description: 'Id or bill run number.' }) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BillRun | null> {
    return context.find('billRun', key, info);
  }

  @Query(() => BillRunConnection, { nullable: true, description: 'The bill runs that the caller sees.' })
  @Extensions({ scope: 'read' })
  billRuns(
    @Args(() => BillRunPageArgs) args: BillRunPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<BillRun> {
    return rootConnection(context, 'billRun', args, info);
  }

  @Query(() => BillRunPreview, {
    nullable: true,
    description: 'What a bill run would bill now. Nothing is written.',
  })
  @Extensions({ scope: 'read' })
  previewBillRun(
    @Arg('input', () => CreateBillRunInput, { description: 'The run.' }) input: CreateBillRunInput,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPreview> {
    return previewBillRun(work, input).catch((error) => {
      // A query has no userErrors: what is wrong with its arguments is the request's.
      throw error instanceof Refusal ? new RequestError('BAD_REQUEST', error.message) : error;
    });
  }

  @Mutation(() => BillRunPayload, {
    nullable: true,
    description:
      'Sets a bill run up, which is then carried out in the background; billRun shows how far it is. Source: Zuora, "Overview of bill runs".',
  })
  @Extensions({ scope: 'bill' })
  createBillRun(
    @Arg('input', () => CreateBillRunInput, { description: 'The run.' }) input: CreateBillRunInput,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPayload> {
    return payload(createBillRun(work, input), done, { billRun: null });
  }

  @Mutation(() => BillRunPayload, {
    nullable: true,
    description:
      'Posts the drafts of a run that is Completed, in the background. Where drafts could not be posted it is Completed again, and failures says why; it can be posted once more.',
  })
  @Extensions({ scope: 'bill' })
  postBillRun(
    @Arg('key', () => ID, { description: 'Id or bill run number.' }) key: string,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPayload> {
    return payload(moveBillRun(work, key, 'Post'), done, { billRun: null });
  }

  @Mutation(() => BillRunPayload, {
    nullable: true,
    description:
      'Cancels a run that has not been posted, with its drafts, in the background; what it had billed is billable again. Where drafts could not be canceled it is an Error, and failures says why; it can be canceled once more.',
  })
  @Extensions({ scope: 'bill' })
  cancelBillRun(
    @Arg('key', () => ID, { description: 'Id or bill run number.' }) key: string,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPayload> {
    return payload(moveBillRun(work, key, 'Cancel'), done, { billRun: null });
  }

  @Mutation(() => DeleteBillRunPayload, {
    nullable: true,
    description:
      'Removes a run that is Canceled or an Error, with its documents, in the background: billRun shows it as RemoveInProgress, and soon as null. Where documents could not be removed it is an Error, and failures says why; it can be removed once more. Source: Zuora, "Delete bill runs".',
  })
  @Extensions({ scope: 'bill' })
  deleteBillRun(
    @Arg('key', () => ID, { description: 'Id or bill run number.' }) key: string,
    @Ctx() { work }: GraphContext,
  ): Promise<DeleteBillRunPayload> {
    return payload(deleteBillRun(work, key), (result) => result, { deletedId: null });
  }

  @FieldResolver(() => InvoiceConnection, { description: 'The invoices it made.' })
  invoices(
    @Root() run: BillRunRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Invoice> {
    return edgeConnection(context, 'BillRun.invoices', run.id, args, info);
  }

  @FieldResolver(() => CreditMemoConnection, { description: 'The credit memos it made.' })
  creditMemos(
    @Root() run: BillRunRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemo> {
    return edgeConnection(context, 'BillRun.creditMemos', run.id, args, info);
  }

  @FieldResolver(() => BillRunFailureConnection, {
    description: 'The accounts that it could not bill, post, cancel or remove, and why.',
  })
  failures(
    @Root() run: BillRunRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<BillRunFailure> {
    // The list holds those that have a reason alone.
    return edgeConnection(context, 'BillRun.failures', run.id, args, info) as unknown as Connection<BillRunFailure>;
  }

  @FieldResolver(() => [BillRunActionState], {
    description: 'What may be done to it now, judged for this caller.',
  })
  async allowedActions(
    @Root() run: BillRunRow,
    @Ctx() { loaders, caller }: GraphContext,
  ): Promise<BillRunActionState[]> {
    const posted = await loaders.runPosted(run.id);
    return (['Post', 'Cancel', 'Delete'] as const).map((action) => ({
      action,
      ...judgement(judgeBillRun({ status: run.status, posted }, action, caller)),
    }));
  }
}

@Resolver(() => BillRunFailure)
export class BillRunFailureResolver {
  @FieldResolver(() => Account, { description: 'The account.' })
  account(
    @Root() failure: Pick<BillRunAccountRow, 'accountId'>,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return context.follow('BillRunFailure.account', failure.accountId, info);
  }
}

@Resolver(() => BillRunPreviewTotal)
export class BillRunPreviewTotalResolver {
  @FieldResolver(() => Account, { description: 'The account.' })
  async account(
    @Root() total: Preview['totals'][number],
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return (await loaders.row('account', columnsOf('account', selectedFields(info)), total.accountId))!;
  }

  @FieldResolver(() => DecimalScalar, { description: 'The total of the invoices, tax included.' })
  invoiceAmount(@Root() total: Preview['totals'][number]): string {
    return money(total.invoiceAmount, total.currency);
  }

  @FieldResolver(() => DecimalScalar, { description: 'The total of the credit memos, tax included.' })
  creditMemoAmount(@Root() total: Preview['totals'][number]): string {
    return money(total.creditMemoAmount, total.currency);
  }
}
