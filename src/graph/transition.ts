import { Field, ObjectType } from 'type-graphql';
import type { UserError } from '../domain/errors';
import { UserErrorCodeEnum } from './enums';

@ObjectType({
  description: 'A reason why a move, or an act on a document or bill run, is not allowed now.',
  simpleResolvers: true,
})
export class TransitionBlock {
  @Field(() => UserErrorCodeEnum, { description: 'The error that the mutation would give.' })
  code: keyof typeof UserErrorCodeEnum;
  @Field(() => String, { description: 'The reason in words, for people. The wording may change.' }) message: string;
}

/** What the rules say about a move, as it is shown. */
export const judgement = (blocks: readonly UserError[]): { allowed: boolean; blockedBy: TransitionBlock[] } => ({
  allowed: blocks.length === 0,
  blockedBy: blocks.map(({ code, message }) => ({ code, message })),
});
