import { Ctx, Extensions, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { clientIdOf, grantsOf } from '../service/client';
import type { GraphContext } from './context';

@ObjectType({ description: 'A legal entity, the tenant: no data of one is seen from another.', simpleResolvers: true })
export class Entity {
  @Field(() => ID, { description: 'Its id, as the header Zuora-Entity-Ids takes it.' }) id: string;
  @Field(() => String, { description: 'What people call it; no two entities are called the same.' }) name: string;
}

@ObjectType({ description: 'An organization inside an entity; each account belongs to one.', simpleResolvers: true })
export class Org {
  @Field(() => ID, { description: 'Its id, as the header Zuora-Org-Ids takes it.' }) id: string;
  @Field(() => String, { description: 'What people call it; no two of an entity are called the same.' }) name: string;
}

@ObjectType({ description: 'Who is asking, and what they may do and see.', simpleResolvers: true })
export class Viewer {
  @Field(() => String, { description: 'The client_id that the token was issued to.' }) clientId: string;
  @Field(() => String, { description: 'The name of the client, as whoever made it has called it; not unique.' })
  name: string;
  @Field(() => [String], {
    description:
      'What the client may do: read, order, fulfill, edit-booked, bill, pay, admin. Each query and mutation says which one it needs.',
  })
  scopes: string[];
  @Field(() => Entity, {
    description:
      'The one that this request runs in: named by the header Zuora-Entity-Ids, or the only one that the client has. BAD_REQUEST where the client has several and the request names none; all other fields work then.',
  })
  @Extensions({ needsEntity: true })
  entity: Entity;
  @Field(() => [Org], {
    description:
      'Those whose data this request sees: named by the header Zuora-Org-Ids, or all that the client may see. BAD_REQUEST where the client has several entities and the request names none.',
  })
  @Extensions({ needsEntity: true })
  orgs: Org[];
  @Field(() => [Entity], { description: 'All that this token may choose from with the header Zuora-Entity-Ids.' })
  entities: Entity[];
}

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, {
    nullable: true,
    description: 'Who is asking by this token: its client, with scopes, entity and orgs.',
  })
  @Extensions({ scope: 'read', needsEntity: false })
  async viewer(@Ctx() { work, caller }: GraphContext): Promise<Viewer | null> {
    const grants = await grantsOf(work.reads().connection, caller.clientId);
    if (!grants) return null;
    const viewer = {
      clientId: clientIdOf(caller.clientId),
      name: grants.name,
      scopes: [...caller.scopes],
      entities: grants.entities
        .filter(({ id }) => caller.tokenEntityIds?.has(id) ?? true)
        .map(({ id, name }) => ({ id, name })),
    };
    // Without an entity nothing selects what is missing: such a request was refused.
    if (caller.undecided) return viewer as Viewer;
    const entity = grants.entities.find(({ id }) => id === caller.entityId);
    if (!entity) return null;
    const orgs = entity.orgs.filter(({ id }) => caller.orgIds.includes(id));
    return { ...viewer, entity: { id: entity.id, name: entity.name }, orgs };
  }
}
