import { Field, ObjectType } from 'type-graphql';
import type { UserError } from '../domain/errors';
import { UserErrorCodeEnum } from './enums';

@ObjectType({
  description:
    'A reason why a transition, or an action on a document or bill run, is not allowed now. No id: part of that transition or action.',
  simpleResolvers: true,
})
export class TransitionBlock {
  @Field(() => UserErrorCodeEnum, { description: 'Code of the error that the mutation would return.' })
  code: keyof typeof UserErrorCodeEnum;
  @Field(() => String, { description: 'The reason in words, for people. The wording may change.' }) message: string;
}

/** Shows the result of the rules on a transition or action. */
export const judgement = (blocks: readonly UserError[]): { allowed: boolean; blockedBy: TransitionBlock[] } => ({
  allowed: blocks.length === 0,
  blockedBy: blocks.map(({ code, message }) => ({ code, message })),
});
