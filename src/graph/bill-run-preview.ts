import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, Field, FieldResolver, Info, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { money } from '../domain/currency';
import { Refusal, RequestError } from '../domain/errors';
import { type BillRunPreview as Preview, previewBillRun } from '../service/bill-run';
import { Account } from './account';
import { BillRunFailure, CreateBillRunInput } from './bill-run';
import type { GraphContext } from './context';
import { columnsOf } from './read/columns';
import { selectedFields } from './read/selection';
import { DecimalScalar } from './scalars';

@ObjectType({ description: 'What a run would bill and credit one account in one currency.', simpleResolvers: true })
export class BillRunPreviewTotal {
  @Field(() => String, { description: 'ISO 4217 code of both amounts.' }) currency: string;
  @Field(() => Int, {
    description: 'How many lines its documents would have: fulfillments, and line items without them.',
  })
  itemCount: number;
}

@ObjectType({
  description: 'What a run would do if it ran now, without anything being written.',
  simpleResolvers: true,
})
export class BillRunPreview {
  @Field(() => Int, { description: 'How many invoices it would make.' }) invoiceCount: number;
  @Field(() => Int, { description: 'How many credit memos it would make.' }) creditMemoCount: number;
  @Field(() => [BillRunPreviewTotal], {
    description: 'What they would come to, one entry for each account and currency.',
  })
  totals: BillRunPreviewTotal[];
  @Field(() => [BillRunFailure], {
    description: 'The items that no document could hold, and why; they are not counted in the rest.',
  })
  failures: BillRunFailure[];
}

@Resolver()
export class BillRunPreviewResolver {
  @Query(() => BillRunPreview, {
    nullable: true,
    description:
      'What a bill run would bill now, to the cent and the document, and what it could not bill. Nothing is written. What is wrong with the input is BAD_REQUEST.',
  })
  @Extensions({ scope: 'read' })
  previewBillRun(
    @Arg('input', () => CreateBillRunInput, { description: 'What it is to bill, and up to which day.' })
    input: CreateBillRunInput,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPreview> {
    return previewBillRun(work, input).catch((error) => {
      // A query has no userErrors: what is wrong with its arguments is the request's.
      throw error instanceof Refusal ? new RequestError('BAD_REQUEST', error.message) : error;
    });
  }
}

@Resolver(() => BillRunPreviewTotal)
export class BillRunPreviewTotalResolver {
  @FieldResolver(() => Account, { description: 'The customer whose part of the run it is.' })
  async account(
    @Root() total: Preview['totals'][number],
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return (await loaders.row('account', columnsOf('account', selectedFields(info)), total.accountId))!;
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'What its invoices would come to, tax included, in the currency.',
  })
  invoiceAmount(@Root() total: Preview['totals'][number]): string {
    return money(total.invoiceAmount, total.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'What its credit memos would come to, tax included, in the currency.',
  })
  creditMemoAmount(@Root() total: Preview['totals'][number]): string {
    return money(total.creditMemoAmount, total.currency);
  }
}
