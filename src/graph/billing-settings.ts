import { Arg, Ctx, Extensions, Field, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { CreditMemoRule, InclusiveTaxRule } from '../domain/billing-settings';
import type { RoundingMode } from '../domain/decimal';
import { updateBillingSettings } from '../service/billing-settings';
import type { BillingSettingsRow } from '../store/billing-settings';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { CreditMemoRuleEnum, InclusiveTaxRuleEnum, RoundingModeEnum } from './enums';
import { Payload, payload } from './errors';
import { Node } from './node';
import { shownSettings } from './read/show';
import { DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({
  description: 'A tax rate that line items name by a code. No id: part of the settings, which change as a whole list.',
  simpleResolvers: true,
})
export class TaxCode {
  @Field(() => String, { description: 'Code by which line items name the rate; unique in the list.' }) code: string;
  @Field(() => DecimalScalar, { description: 'Tax on a price without tax: 0.1 is 10 %.' }) rate: string;
}

@ObjectType({
  description:
    'A unit in which quantities are counted, such as a piece or a metre. No id: part of the settings, which change as a whole list. Source: Zuora, "Examples of rounding".',
  simpleResolvers: true,
})
export class UnitOfMeasure {
  @Field(() => String, { description: 'Name of the unit in line items; unique in the list.' }) name: string;
  @Field(() => Int, { description: 'Number of decimals that quantities in this unit keep, 0 to 9.' })
  decimals: number;
  @Field(() => RoundingModeEnum, { description: 'How a quantity with more decimals is rounded when it is entered.' })
  roundingMode: RoundingMode;
}

@ObjectType({
  implements: Node,
  description:
    'How an entity bills in all of its orgs, and what its fulfillments may name. An entity has one such object, whose id is the id of the entity.',
  simpleResolvers: true,
})
export class BillingSettings extends Node {
  @Field(() => Boolean, {
    description:
      'On: credit memos credit returns. Off: returns are negative items on invoices. Initially on. Source: Zuora, "Billing documents generation for order line items and fulfillments".',
  })
  invoiceSettlement: boolean;
  @Field(() => CreditMemoRuleEnum, {
    description: 'Which charges go on a credit memo, if invoice settlement is on. Initially AllNegative.',
  })
  creditMemoRule: CreditMemoRule;
  @Field(() => InclusiveTaxRuleEnum, {
    description: 'Which part of a price with tax in it is rounded. Initially NetFirst.',
  })
  inclusiveTaxRule: InclusiveTaxRule;
  @Field(() => RoundingModeEnum, {
    description: 'How amounts and taxes with more decimals than their currency has are rounded. Initially HALF_UP.',
  })
  roundingMode: RoundingMode;
  @Field(() => [TaxCode], {
    description: 'Tax codes that line items may name. Initially empty, so that no line item can be taxed.',
  })
  taxCodes: TaxCode[];
  @Field(() => [UnitOfMeasure], {
    description: 'Units that line items may name. If empty, any unit is allowed, and no quantity is rounded.',
  })
  units: UnitOfMeasure[];
  @Field(() => [String], {
    nullable: true,
    description: 'Carriers that fulfillments may name. If null or empty, any carrier is allowed.',
  })
  carriers: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Systems that fulfillments may name. If null or empty, any system is allowed.',
  })
  fulfillmentSystems: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Places that fulfillments may name. If null or empty, any place is allowed.',
  })
  fulfillmentLocations: string[] | null;
  @Field(() => Int, {
    description:
      'Initially 1, raised by every change. Sent as expectedVersion, it keeps the change of another client from being overwritten.',
  })
  version: number;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Time of the last change; null if the settings have never been changed.',
  })
  updatedDate: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'The client_id of the OAuth client that last changed the settings; null if they have never been changed.',
  })
  updatedById: string | null;
}

@InputType({ description: 'A code that line items may name, with its tax rate.' })
export class TaxCodeInput {
  @Field(() => String, {
    description: 'Code by which line items name the rate, at most 255 characters; unique in the list.',
  })
  code: string;
  @Field(() => DecimalScalar, { description: 'Tax on a price without tax, 0 to 1: 0.1 is 10 %.' })
  rate: string;
}

@InputType({ description: 'A unit that quantities may be counted in.' })
export class UnitOfMeasureInput {
  @Field(() => String, { description: 'Name of the unit in line items, at most 255 characters; unique in the list.' })
  name: string;
  @Field(() => Int, { description: 'Number of decimals that quantities in this unit keep, 0 to 9.' })
  decimals: number;
  @Field(() => RoundingModeEnum, {
    nullable: true,
    description: 'How a quantity with more decimals is rounded. Default: HALF_UP.',
  })
  roundingMode?: RoundingMode | null;
}

@InputType({
  description: 'Changes to the settings. A field that is left out stays; a given list replaces the whole list.',
})
export class BillingSettingsInput {
  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether credit memos credit returns. Cannot be turned off once there is a credit memo: SETTLEMENT_REQUIRED.',
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
    description: 'How amounts and taxes with more decimals than their currency has are rounded, from now on.',
  })
  roundingMode?: RoundingMode | null;
  @Field(() => [TaxCodeInput], {
    nullable: true,
    description:
      'At most 1,000 tax codes. A code that a line item names cannot be removed: FIELD_LOCKED. Its rate may change, for future bills.',
  })
  taxCodes?: TaxCodeInput[] | null;
  @Field(() => [UnitOfMeasureInput], {
    nullable: true,
    description:
      'At most 1,000 units. Quantities that were entered before stay as they are, as do line items whose unit is removed.',
  })
  units?: UnitOfMeasureInput[] | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'At most 1,000 texts of at most 255 characters that fulfillments may name from now on. Null allows any text.',
  })
  carriers?: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'At most 1,000 texts of at most 255 characters that fulfillments may name from now on. Null allows any text.',
  })
  fulfillmentSystems?: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'At most 1,000 texts of at most 255 characters that fulfillments may name from now on. Null allows any text.',
  })
  fulfillmentLocations?: string[] | null;
}

@ObjectType({
  description: 'Result of updateBillingSettings, or the errors that refused it.',
  simpleResolvers: true,
})
export class BillingSettingsPayload extends Payload {
  @Field(() => BillingSettings, { nullable: true, description: 'The settings after the change; null if refused.' })
  billingSettings: BillingSettings | null;
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
      "Changes how the caller's entity bills in all of its orgs, from now on. Everything that was entered or billed before stays as it is. A request that sees only some of the orgs is refused with PERMISSION_DENIED.",
  })
  @Extensions({ scope: 'admin' })
  updateBillingSettings(
    @Arg('input', () => BillingSettingsInput, { description: 'The fields to change; REQUIRED if there are none.' })
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
