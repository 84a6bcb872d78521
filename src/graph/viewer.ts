import { Ctx, Extensions, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { clientIdOf, grantsOf } from '../service/client';
import type { GraphContext } from './context';

@ObjectType({ description: 'A legal entity, the tenant: no data of one is seen from another.', simpleResolvers: true })
export class Entity {
  @Field(() => ID, { description: 'Its id, as the header Zuora-Entity-Ids takes it.' }) id: string;
  @Field(() => String, { description: 'Its name.' }) name: string;
}

@ObjectType({ description: 'An organization inside an entity; each account belongs to one.', simpleResolvers: true })
export class Org {
  @Field(() => ID, { description: 'Its id, as the header Zuora-Org-Ids takes it.' }) id: string;
  @Field(() => String, { description: 'Its name.' }) name: string;
}

@ObjectType({ description: 'Who is asking, and what they may do and see.', simpleResolvers: true })
export class Viewer {
  @Field(() => String, { description: 'The client_id of the OAuth client.' }) clientId: string;
  @Field(() => [String], {
    description: 'The scopes of the client: read, order, fulfill, edit-booked, bill, pay, admin.',
  })
  scopes: string[];
  @Field(() => Entity, { description: 'The entity this request runs in.' }) entity: Entity;
  @Field(() => [Org], { description: 'The orgs whose data this request sees.' }) orgs: Org[];
  @Field(() => [Entity], { description: 'Every entity the client may choose with the header Zuora-Entity-Ids.' })
  entities: Entity[];
}

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { nullable: true, description: 'Client, scopes, entity and orgs of this token.' })
  @Extensions({ scope: 'read' })
  async viewer(@Ctx() { work, caller }: GraphContext): Promise<Viewer | null> {
    const grants = await grantsOf(work.reads().connection, caller.clientId);
    const entity = grants?.entities.find(({ id }) => id === caller.entityId);
    if (!grants || !entity) return null;
    return {
      clientId: clientIdOf(caller.clientId),
      scopes: [...caller.scopes],
      entity: { id: entity.id, name: entity.name },
      orgs: entity.orgs.filter(({ id }) => caller.orgIds.includes(id)),
      entities: grants.entities.map(({ id, name }) => ({ id, name })),
    };
  }
}
