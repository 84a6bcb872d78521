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
import { type BillRunAction, type BillRunPhase, type BillRunStatus, judgeBillRun } from '../domain/bill-run';
import { type UserErrorCode } from '../domain/errors';
import { createBillRun, deleteBillRun, moveBillRun } from '../service/bill-run';
import type { BillRunRow } from '../store/bill-run';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { BillRunActionEnum, BillRunStatusEnum, UserErrorCodeEnum } from './enums';
import { payload, UserError } from './errors';
import { Audited, Node } from './node';
import { shownCopy } from './read/show';
import { DateScalar, DateTimeScalar } from './scalars';
import { judgement, TransitionBlock } from './transition';

@ObjectType({ description: 'Whether an act may be done to a bill run, and if not, why.', simpleResolvers: true })
export class BillRunActionState {
  @Field(() => BillRunActionEnum, { description: 'Which act: postBillRun, cancelBillRun or deleteBillRun.' })
  action: BillRunAction;
  @Field(() => Boolean, { description: 'Whether this caller may do it now.' }) allowed: boolean;
  @Field(() => [TransitionBlock], { description: 'Every reason against it; empty where it is allowed.' })
  blockedBy: TransitionBlock[];
}

@ObjectType({
  implements: Node,
  description:
    'A run that bills everything that is due up to a day, in the background, and survives a restart. It belongs to the orgs that its maker sees, and is seen by who sees them all. Source: Zuora, "Overview of bill runs".',
  simpleResolvers: true,
})
export class BillRun extends Audited {
  @Field(() => String, {
    description: 'Its business number, such as BR-00000001; unique in the entity, and never changes.',
  })
  billRunNumber: string;
  @Field(() => BillRunStatusEnum, { description: 'How far it has come; allowedActions says what can follow.' })
  status: BillRunStatus;
  @Field(() => DateScalar, { description: 'It bills what has its billTargetDate on this day or earlier.' })
  targetDate: string;
  @Field(() => DateScalar, { description: 'The day printed on its documents; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => Boolean, { description: 'Whether it posts its documents by itself as soon as all are made.' })
  autoPost: boolean;
  @Field(() => Int, {
    description:
      'How many fulfillments, and line items without them, it set out to bill; more where more came due meanwhile.',
  })
  total: number;
  @Field(() => Int, {
    description: 'How many of them it has billed; counts up while it is Processing, and leaves version as it is.',
  })
  done: number;
  @Field(() => Int, { description: 'How many of them it could not bill; failures says which and why. They stay due.' })
  failed: number;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When a worker began with it; null as long as none has.',
  })
  startedDate: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it was last done with what it was at; null while it is at something.',
  })
  finishedDate: string | null;
}

@ObjectType({
  description:
    'What a run could not bill, post, cancel or remove, while it did the rest: one item of an account, or the account whole.',
  simpleResolvers: true,
})
export class BillRunFailure {
  @Field(() => UserErrorCodeEnum, { description: 'What is wrong, for programs.' }) code: UserErrorCode;
  @Field(() => String, { description: 'What is wrong in words, for people. The wording may change.' }) message: string;
  @Field(() => BillRunStatusEnum, {
    description:
      'What the run was at: Processing where the account could not be billed, PostInProgress, CancelInProgress or RemoveInProgress where its documents could not be posted, canceled or removed, and are as they were.',
  })
  during: BillRunPhase;
}

@InputType({
  description: 'What a bill run is to bill, and what is to become of it. Source: Zuora, "Overview of bill runs".',
})
export class CreateBillRunInput {
  @Field(() => DateScalar, { description: 'Bills what has its billTargetDate on this day or earlier.' })
  targetDate: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The day printed on its documents; the payment term counts from it. Default: today (UTC).',
  })
  invoiceDate?: string | null;
  @Field(() => [ID], {
    nullable: true,
    description:
      'Whom to bill, by ids in any spelling or account numbers, 1 to 1,000, each once; everybody whom the caller sees where absent.',
  })
  accountKeys?: string[] | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether its documents are posted as soon as all are made; else they stay drafts until postBillRun.',
  })
  autoPost?: boolean | null;
}

@ObjectType({
  description: 'What a mutation of a bill run brought about, or why it was refused.',
  simpleResolvers: true,
})
export class BillRunPayload {
  @Field(() => BillRun, {
    nullable: true,
    description: 'The run as it is now, with the background yet to do its part; null where refused.',
  })
  billRun: BillRun | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

@ObjectType({ description: 'What deleteBillRun brought about, or why it was refused.', simpleResolvers: true })
export class DeleteBillRunPayload {
  @Field(() => ID, { nullable: true, description: 'The id of the run that is being removed; null where refused.' })
  deletedId: string | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

const done = ({ billRun }: { billRun: BillRunRow }) => ({ billRun: shownCopy('billRun', billRun) });

@Resolver(() => BillRun)
export class BillRunResolver {
  @Mutation(() => BillRunPayload, {
    nullable: true,
    description:
      'Sets a bill run up, which is then carried out in the background; billRun shows how far it is. Source: Zuora, "Overview of bill runs".',
  })
  @Extensions({ scope: 'bill' })
  createBillRun(
    @Arg('input', () => CreateBillRunInput, { description: 'What it is to bill, and up to which day.' })
    input: CreateBillRunInput,
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
    @Arg('key', () => ID, shared.key('bill run number')) key: string,
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
    @Arg('key', () => ID, shared.key('bill run number')) key: string,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPayload> {
    return payload(moveBillRun(work, key, 'Cancel'), done, { billRun: null });
  }

  @Mutation(() => DeleteBillRunPayload, {
    nullable: true,
    description:
      'Removes a run that is Canceled or an Error, with its documents, in the background, unless one of them was ever paid, credited or offset: then DOCUMENT_IN_USE. Meanwhile billRun shows it as RemoveInProgress, and soon as null. Where documents could not be removed it is an Error, and failures says why; it can be removed once more. Source: Zuora, "Delete bill runs".',
  })
  @Extensions({ scope: 'bill' })
  deleteBillRun(
    @Arg('key', () => ID, shared.key('bill run number')) key: string,
    @Ctx() { work }: GraphContext,
  ): Promise<DeleteBillRunPayload> {
    return payload(deleteBillRun(work, key), (result) => result, { deletedId: null });
  }

  @FieldResolver(() => [BillRunActionState], {
    description:
      'One entry for each act there is for bill runs, judged for this caller and this run as it is. Ask here instead of knowing the rules.',
  })
  async allowedActions(
    @Root() run: BillRunRow,
    @Ctx() { loaders, caller }: GraphContext,
  ): Promise<BillRunActionState[]> {
    const posted = await loaders.runPosted(run.id);
    const deletable = judgeBillRun({ status: run.status, posted }, 'Delete', caller).length === 0;
    const used = deletable && (await loaders.runUsed(run.id));
    return (['Post', 'Cancel', 'Delete'] as const).map((action) => ({
      action,
      ...judgement(judgeBillRun({ status: run.status, posted, used }, action, caller)),
    }));
  }
}
