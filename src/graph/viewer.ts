import { Ctx, Extensions, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { clientIdOf, grantsOf } from '../service/client';
import type { GraphContext } from './context';

@ObjectType({
  description: 'A legal entity, the tenant. No entity sees the data of another. Its BillingSettings have the same id.',
  simpleResolvers: true,
})
export class Entity {
  @Field(() => ID, { description: 'Id of the entity, as in the header Zuora-Entity-Ids.' }) id: string;
  @Field(() => String, { description: 'Name for people; unique among all entities.' }) name: string;
}

@ObjectType({
  description: 'An organization inside an entity. Each account belongs to one organization.',
  simpleResolvers: true,
})
export class Org {
  @Field(() => ID, { description: 'Id of the organization, as in the header Zuora-Org-Ids.' }) id: string;
  @Field(() => String, { description: 'Name for people; unique in the entity.' }) name: string;
}

@ObjectType({
  description: 'The client that sends the request, with its rights. No id: there is one, that of the token.',
  simpleResolvers: true,
})
export class Viewer {
  @Field(() => String, { description: 'The client_id that the token was issued to.' }) clientId: string;
  @Field(() => String, {
    description:
      'Name of the client, as its creator gave it; not unique. Of a person who signs in, the name in the latest token.',
  })
  name: string;
  @Field(() => [String], {
    description:
      'Rights of the client: read, order, fulfill, edit-booked, bill, pay, webhook, admin. Each query and mutation names the scope that it needs.',
  })
  scopes: string[];
  @Field(() => Entity, {
    description:
      'The entity of this request: named by the header Zuora-Entity-Ids, or the only entity of the client. BAD_REQUEST if the client has several and the request names none; then select neither entity nor orgs.',
  })
  @Extensions({ needsEntity: true })
  entity: Entity;
  @Field(() => [Org], {
    description:
      'The orgs whose data this request sees: named by the header Zuora-Org-Ids, or all that the client may see. BAD_REQUEST if the client has several entities and the request names none.',
  })
  @Extensions({ needsEntity: true })
  orgs: Org[];
  @Field(() => [Entity], { description: 'Entities that this token can name in the header Zuora-Entity-Ids.' })
  entities: Entity[];
}

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, {
    nullable: true,
    description: 'The client of this token, with its scopes, entity and orgs.',
  })
  @Extensions({ scope: 'read', needsEntity: false })
  async viewer(@Ctx() { work, caller }: GraphContext): Promise<Viewer | null> {
    // A replica may not know a person yet who has just signed in for the first time.
    const grants =
      (await grantsOf(work.reads().connection, caller.clientId)) ??
      (await grantsOf(work.services.db.aside(), caller.clientId));
    if (!grants) return null;
    const viewer = {
      clientId: clientIdOf(caller.clientId),
      name: grants.name,
      scopes: [...caller.scopes],
      entities: grants.entities
        .filter(({ id }) => caller.tokenEntityIds?.has(id) ?? true)
        .map(({ id, name }) => ({ id, name })),
    };
    // A request without an entity selects neither `entity` nor `orgs`: it would have been refused.
    if (caller.undecided) return viewer as Viewer;
    const entity = grants.entities.find(({ id }) => id === caller.entityId);
    if (!entity) return null;
    const orgs = entity.orgs.filter(({ id }) => caller.orgIds.includes(id));
    return { ...viewer, entity: { id: entity.id, name: entity.name }, orgs };
  }
}
