import { Arg, Ctx, Extensions, Field, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { CreditMemoRule, InclusiveTaxRule } from '../domain/billing-settings';
import type { RoundingMode } from '../domain/decimal';
import { updateBillingSettings } from '../service/billing-settings';
import type { BillingSettingsRow } from '../store/billing-settings';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { CreditMemoRuleEnum, InclusiveTaxRuleEnum, RoundingModeEnum } from './enums';
import { payload, UserError } from './errors';
import { Node } from './node';
import { shownSettings } from './read/show';
import { DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({ description: 'A rate of tax that line items name by a code.', simpleResolvers: true })
export class TaxCode {
  @Field(() => String, { description: 'What line items call it; each comes once.' }) code: string;
  @Field(() => DecimalScalar, { description: 'How much tax comes on a price without it: 0.1 is 10 %.' }) rate: string;
}

@ObjectType({
  description:
    'A unit that quantities are counted in, such as a piece or a metre. Source: Zuora, "Examples of rounding".',
  simpleResolvers: true,
})
export class UnitOfMeasure {
  @Field(() => String, { description: 'What line items call it; each comes once.' }) name: string;
  @Field(() => Int, { description: 'With how many places behind the point quantities in it are kept, 0 to 9.' })
  decimals: number;
  @Field(() => RoundingModeEnum, { description: 'What becomes of a quantity with more decimals when it is entered.' })
  roundingMode: RoundingMode;
}

@ObjectType({
  implements: Node,
  description:
    'How an entity bills, in all of its orgs, and what its fulfillments may name. An entity has one of them; its id is that of the entity.',
  simpleResolvers: true,
})
export class BillingSettings extends Node {
  @Field(() => Boolean, {
    description:
      'On: returns are credited by credit memos. Off: they are negative items on invoices. On from the start. Source: Zuora, "Billing documents generation for order line items and fulfillments".',
  })
  invoiceSettlement: boolean;
  @Field(() => CreditMemoRuleEnum, {
    description: 'Which charges go on a credit memo, where invoice settlement is on. AllNegative from the start.',
  })
  creditMemoRule: CreditMemoRule;
  @Field(() => InclusiveTaxRuleEnum, {
    description: 'Which part of a price with tax in it is rounded. NetFirst from the start.',
  })
  inclusiveTaxRule: InclusiveTaxRule;
  @Field(() => RoundingModeEnum, {
    description:
      'What becomes of amounts and taxes with more decimals than their currency has. HALF_UP from the start.',
  })
  roundingMode: RoundingMode;
  @Field(() => [TaxCode], {
    description: 'What line items may name to be taxed; none from the start, and then none may be named.',
  })
  taxCodes: TaxCode[];
  @Field(() => [UnitOfMeasure], {
    description:
      'What the quantities of line items may be counted in; where empty, anything, and no quantity is rounded.',
  })
  units: UnitOfMeasure[];
  @Field(() => [String], {
    nullable: true,
    description: 'What fulfillments may name as their carrier; anything where null or empty.',
  })
  carriers: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'What fulfillments may name as the system behind them; anything where null or empty.',
  })
  fulfillmentSystems: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'What fulfillments may name as the place they come from; anything where null or empty.',
  })
  fulfillmentLocations: string[] | null;
  @Field(() => Int, {
    description:
      '1 from the start, raised by every change. Given as expectedVersion, it keeps the change of another client from being overwritten.',
  })
  version: number;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'The instant of the last change; null where they have not been changed.',
  })
  updatedDate: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'The client_id of the OAuth client that last changed them; null where they have not been changed.',
  })
  updatedById: string | null;
}

@InputType({ description: 'A code that line items may name, and how much tax it stands for.' })
export class TaxCodeInput {
  @Field(() => String, { description: 'What line items call it, at most 255 characters; each comes once.' })
  code: string;
  @Field(() => DecimalScalar, { description: 'How much tax comes on a price without it, 0 to 1: 0.1 is 10 %.' })
  rate: string;
}

@InputType({ description: 'A unit that quantities may be counted in.' })
export class UnitOfMeasureInput {
  @Field(() => String, { description: 'What line items call it, at most 255 characters; each comes once.' })
  name: string;
  @Field(() => Int, { description: 'With how many places behind the point quantities in it are kept, 0 to 9.' })
  decimals: number;
  @Field(() => RoundingModeEnum, {
    nullable: true,
    description: 'What becomes of a quantity with more decimals. HALF_UP where absent.',
  })
  roundingMode?: RoundingMode | null;
}

@InputType({
  description:
    'Changes of the settings: what is given replaces, what is left out stays. A list is replaced as a whole.',
})
export class BillingSettingsInput {
  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether returns are credited by credit memos. Cannot be turned off once there is one: SETTLEMENT_REQUIRED.',
  })
  invoiceSettlement?: boolean | null;
  @Field(() => CreditMemoRuleEnum, { nullable: true, description: 'Which charges go on a credit memo, from now on.' })
  creditMemoRule?: CreditMemoRule | null;
  @Field(() => InclusiveTaxRuleEnum, {
    nullable: true,
    description: 'Which part of a price with tax in it is rounded, from now on.',
  })
  inclusiveTaxRule?: InclusiveTaxRule | null;
  @Field(() => RoundingModeEnum, {
    nullable: true,
    description: 'What becomes of amounts and taxes with more decimals than their currency has, from now on.',
  })
  roundingMode?: RoundingMode | null;
  @Field(() => [TaxCodeInput], {
    nullable: true,
    description:
      'At most 1,000. One that a line item names cannot be taken away, which is FIELD_LOCKED; its rate may change, for what is billed from now on.',
  })
  taxCodes?: TaxCodeInput[] | null;
  @Field(() => [UnitOfMeasureInput], {
    nullable: true,
    description:
      'At most 1,000. Quantities that were entered before stay as they are, as do line items whose unit is taken away.',
  })
  units?: UnitOfMeasureInput[] | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'At most 1,000 texts of at most 255 characters that fulfillments may name from now on; null allows any.',
  })
  carriers?: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'At most 1,000 texts of at most 255 characters that fulfillments may name from now on; null allows any.',
  })
  fulfillmentSystems?: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'At most 1,000 texts of at most 255 characters that fulfillments may name from now on; null allows any.',
  })
  fulfillmentLocations?: string[] | null;
}

@ObjectType({
  description: 'What a change of the settings brought about, or why it was refused.',
  simpleResolvers: true,
})
export class BillingSettingsPayload {
  @Field(() => BillingSettings, { nullable: true, description: 'All of them as they are now; null where refused.' })
  billingSettings: BillingSettings | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

@Resolver(() => BillingSettings)
export class BillingSettingsResolver {
  @Query(() => BillingSettings, {
    nullable: true,
    description: "How the caller's entity bills, and what its fulfillments may name.",
  })
  @Extensions({ scope: 'read' })
  async billingSettings(@Ctx() { loaders }: GraphContext): Promise<BillingSettings> {
    return shownSettings(await loaders.settings());
  }

  @Mutation(() => BillingSettingsPayload, {
    nullable: true,
    description:
      "Changes how the caller's entity bills, in all of its orgs, from now on: what was entered or billed before stays as it is. A request that sees only some of the orgs is refused with PERMISSION_DENIED.",
  })
  @Extensions({ scope: 'admin' })
  updateBillingSettings(
    @Arg('input', () => BillingSettingsInput, { description: 'The fields to change; REQUIRED where there is none.' })
    input: BillingSettingsInput,
    @Arg('expectedVersion', () => Int, shared.expectedVersion) expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<BillingSettingsPayload> {
    return payload(
      updateBillingSettings(work, input, { expectedVersion, dryRun }),
      (result) => ({ billingSettings: shownSettings(result.billingSettings) }),
      { billingSettings: null },
      (row) => shownSettings(row as BillingSettingsRow),
    );
  }
}
