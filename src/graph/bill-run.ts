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
import { Payload, payload } from './errors';
import { Audited, Node } from './node';
import { shownCopy } from './read/show';
import { DateScalar, DateTimeScalar } from './scalars';
import { judgement, TransitionBlock } from './transition';

@ObjectType({
  description:
    'Whether an action on a bill run is allowed, and if not, why. No id: the rules judge it anew for each caller and moment.',
  simpleResolvers: true,
})
class BillRunActionState {
  @Field(() => BillRunActionEnum, { description: 'Names the mutation: postBillRun, cancelBillRun or deleteBillRun.' })
  action: BillRunAction;
  @Field(() => Boolean, { description: 'Whether this caller may take the action now.' }) allowed: boolean;
  @Field(() => [TransitionBlock], { description: 'Every reason against the action; empty if it is allowed.' })
  blockedBy: TransitionBlock[];
}

@ObjectType({
  implements: Node,
  description:
    'A background run that bills everything due up to a day, and survives a restart. It belongs to the orgs that its creator sees. Only callers that see all of these orgs see the run. Source: Zuora, "Overview of bill runs".',
  simpleResolvers: true,
})
export class BillRun extends Audited {
  @Field(() => String, {
    description: 'Business number of the bill run, such as BR-00000001. Unique in the entity; never changes.',
  })
  billRunNumber: string;
  @Field(() => BillRunStatusEnum, { description: 'Progress of the run. allowedActions lists what can follow.' })
  status: BillRunStatus;
  @Field(() => DateScalar, { description: 'Objects with a billTargetDate on this day or earlier are billed.' })
  targetDate: string;
  @Field(() => DateScalar, { description: 'Day printed on the documents; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => Boolean, { description: 'Whether the run posts its documents as soon as all are made.' })
  autoPost: boolean;
  @Field(() => Int, {
    description:
      'Number of fulfillments, and of line items without fulfillments, that the run set out to bill. Rises if more become due meanwhile.',
  })
  total: number;
  @Field(() => Int, {
    description: 'How many of the total are billed. Rises while the run is Processing; version stays as it is.',
  })
  done: number;
  @Field(() => Int, {
    description: 'How many of the total could not be billed. They stay due; failures lists them with the reasons.',
  })
  failed: number;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Time at which a worker began with the run; null before.',
  })
  startedDate: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'Time at which the run last finished billing, posting, canceling or removing; null while it does one of these.',
  })
  finishedDate: string | null;
}

@ObjectType({
  description:
    'An item of an account, or the whole account, that the run could not bill, post, cancel or remove. The run did the rest. No id: part of its run or preview.',
  simpleResolvers: true,
})
export class BillRunFailure {
  @Field(() => UserErrorCodeEnum, { description: 'Code of the error, for programs.' }) code: UserErrorCode;
  @Field(() => String, { description: 'The error in words, for people. The wording may change.' }) message: string;
  @Field(() => BillRunStatusEnum, {
    description:
      'Status of the run at the failure. Processing: the account could not be billed. PostInProgress, CancelInProgress or RemoveInProgress: its documents could not be posted, canceled or removed, and are unchanged.',
  })
  during: BillRunPhase;
}

@InputType({
  description:
    'The accounts to bill, up to which day, and whether to post the documents. Source: Zuora, "Overview of bill runs".',
})
export class CreateBillRunInput {
  @Field(() => DateScalar, { description: 'Objects with a billTargetDate on this day or earlier are billed.' })
  targetDate: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Day printed on the documents; the payment term counts from it. Default: today (UTC).',
  })
  invoiceDate?: string | null;
  @Field(() => [ID], {
    nullable: true,
    description:
      'Accounts to bill, by ids in any spelling or account numbers: 1 to 1,000, each once. Default: all accounts that the caller sees.',
  })
  accountKeys?: string[] | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Whether the documents are posted as soon as all are made. Otherwise they stay drafts until postBillRun.',
  })
  autoPost?: boolean | null;
}

@ObjectType({
  description: 'Result of a mutation of a bill run, or the errors that refused it.',
  simpleResolvers: true,
})
export class BillRunPayload extends Payload {
  @Field(() => BillRun, {
    nullable: true,
    description: 'The bill run after the mutation, before its work in the background; null if refused.',
  })
  billRun: BillRun | null;
}

@ObjectType({ description: 'Result of deleteBillRun, or the errors that refused it.', simpleResolvers: true })
export class DeleteBillRunPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the bill run that is being removed; null if refused.' })
  deletedId: string | null;
}

const done = ({ billRun }: { billRun: BillRunRow }) => ({ billRun: shownCopy('billRun', billRun) });

@Resolver(() => BillRun)
export class BillRunResolver {
  @Mutation(() => BillRunPayload, {
    nullable: true,
    description:
      'Creates a bill run, which then works in the background. The query billRun shows its progress. Source: Zuora, "Overview of bill runs".',
  })
  @Extensions({ scope: 'bill' })
  createBillRun(
    @Arg('input', () => CreateBillRunInput, { description: 'The accounts to bill, and up to which day.' })
    input: CreateBillRunInput,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPayload> {
    return payload(createBillRun(work, input), done, { billRun: null });
  }

  @Mutation(() => BillRunPayload, {
    nullable: true,
    description:
      'Posts the drafts of a Completed run in the background. If drafts could not be posted, the run is Completed again, and failures lists the reasons. It can be posted once more.',
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
      'Cancels a run that has not been posted, with its drafts, in the background. Everything that it billed can be billed again. If drafts could not be canceled, the run is an Error, and failures lists the reasons. It can be canceled once more.',
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
      'Removes a run that is Canceled or an Error, with its documents, in the background. DOCUMENT_IN_USE if any document was ever paid, credited or offset. Meanwhile billRun shows RemoveInProgress, and then null. If documents could not be removed, the run is an Error, and failures lists the reasons. It can be removed once more. Source: Zuora, "Delete bill runs".',
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
      'One entry per action on bill runs, judged for this caller and the run as it is. Ask here instead of implementing the rules.',
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
