/** What is taken from the server when a PostgresDatabase goes, and what stays there. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { quoteIdentifier, quoteLiteral } from "../../postgres/sql/quote.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import { carryOut, type Deed, type Done, sql } from "./deeds.ts";
import { Databases, placeOf } from "./kinds.ts";
import { lookAtServer, type SeenDatabase, type SeenRole, type SeenServer } from "./look_server.ts";
import { markOf, withoutMark } from "./marks.ts";
import { type Order, wantedRoleNames } from "./order.ts";
import { handsOf, type PassTools, type Report } from "./pass.ts";
import { temporaryName } from "./plan_database.ts";
import { withServer } from "./server.ts";

type Annotated = { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } };

/** `Delete`, unless the object says `Retain`, or something that nobody knows: then nothing is lost. */
export function deletionPolicyOf({ metadata }: Annotated): "Delete" | "Retain" {
  const said = metadata.annotations?.[annotations.deletionPolicy] ?? "Delete";
  return said === "Delete" ? "Delete" : "Retain";
}

/** What is to go, and what is only let go. */
export interface Leftovers {
  /** Databases that were made for the object, the unfinished one included. */
  readonly databases: readonly string[];
  /** The database, where it was there before. */
  readonly adopted: SeenDatabase | undefined;
  readonly roles: readonly string[];
  readonly adoptedRoles: readonly SeenRole[];
}

/** Only what the spec names now and bears the object's mark: the rest is left as it is. */
export function leftoversOf(order: Order, { databases, roles }: SeenServer): Leftovers {
  const isOurs = (comment: string | undefined, made: boolean) => {
    const mark = markOf(comment);
    return mark?.uid === order.uid && mark.made === made;
  };
  const unfinished = temporaryName(order);
  const wanted = new Set(wantedRoleNames(order.spec));
  return {
    databases: databases.filter(({ name, comment }) => name === unfinished || isOurs(comment, true))
      .map(({ name }) => name),
    adopted: databases.find(({ comment }) => isOurs(comment, false)),
    roles: roles.filter(({ name, comment }) => wanted.has(name) && isOurs(comment, true)).map(({ name }) =>
      name
    ),
    adoptedRoles: roles.filter(({ comment }) => isOurs(comment, false)),
  };
}

/** Databases go first: roles that own them cannot. Whoever still uses one keeps it, for now. */
export function planRemoval({ databases }: Leftovers): Deed[] {
  return databases.map((name) => ({
    about: "database",
    describe: `drop database ${name}`,
    steps: [sql(`DROP DATABASE ${quoteIdentifier(name)}`)],
  }));
}

/** Once the databases are gone. What stays of an adopted one goes to the superuser, as its owner may be dropped. */
export function planRolesRemoval({ roles }: Leftovers, inside: boolean): Deed[] {
  return roles.map((name) => {
    const role = quoteIdentifier(name);
    const handedOver = inside ? [`REASSIGN OWNED BY ${role} TO CURRENT_USER`, `DROP OWNED BY ${role}`] : [];
    return {
      about: "roles",
      describe: `drop role ${name}`,
      steps: [sql(...handedOver, `DROP ROLE ${role}`)],
    };
  });
}

/** Marks are taken off what was adopted: it belongs to nobody again. */
export function planRelease({ adopted, adoptedRoles }: Leftovers): Deed[] {
  const texts = [
    ...(adopted === undefined ? [] : [comment(`DATABASE ${quoteIdentifier(adopted.name)}`, adopted.comment)]),
    ...adoptedRoles.map((role) => comment(`ROLE ${quoteIdentifier(role.name)}`, role.comment)),
  ];
  return texts.length === 0
    ? []
    : [{ about: "roles", describe: "let go what was there before", steps: [sql(...texts)] }];
}

function comment(what: string, before: string | undefined): string {
  const rest = withoutMark(before);
  return `COMMENT ON ${what} IS ${rest === "" ? "NULL" : quoteLiteral(rest)}`;
}

/** Takes down what was made for an object. What cannot go now is a problem. @throws SqlError, ApiError, TransportError */
export async function runRemoval(order: Order, tools: PassTools): Promise<Report> {
  const { ways, signal, context } = tools;
  return await withServer(order.place, ways, {
    signal,
    run: async (server) => {
      await mustStillGo(order, tools);
      const seen = await lookAtServer(server.session, {
        databases: [order.spec.database.name, temporaryName(order)],
        roles: wantedRoleNames(order.spec),
        uid: order.uid,
      });
      const leftovers = leftoversOf(order, seen);
      const hands = handsOf(server.session, context);
      const first = await carryOut(planRemoval(leftovers), hands);
      if (first.problems.length > 0) return reportOf([first]);
      const { adopted } = leftovers;
      const second = adopted === undefined
        ? await carryOut(planRolesRemoval(leftovers, false), hands)
        : await removeRolesInside(await server.inside(adopted.name), leftovers, tools);
      return reportOf([first, second, await carryOut(planRelease(leftovers), hands)]);
    },
  });
}

async function removeRolesInside(
  session: Parameters<typeof handsOf>[0],
  leftovers: Leftovers,
  { context }: PassTools,
): Promise<Done> {
  await using own = session;
  return await carryOut(planRolesRemoval(leftovers, true), handsOf(own, context));
}

/** What follows cannot be undone, so the object is read live. */
async function mustStillGo(order: Order, { context: { client } }: PassTools): Promise<void> {
  const live = await client.find(Databases, placeOf({ metadata: order }));
  const goes = live?.metadata.uid === order.uid && live.metadata.deletionTimestamp !== undefined;
  if (goes && deletionPolicyOf(live) === "Delete") return;
  throw new SqlError(
    "aborted",
    `Cannot drop anything of ${order.namespace}/${order.name} as it is not to go any more`,
  );
}

/** `remarks` tell what was dropped. */
function reportOf(dones: readonly Done[]): Report {
  return {
    problems: dones.flatMap(({ problems }) => problems),
    remarks: dones.flatMap(({ deeds }) => deeds).map(({ describe }) => describe),
    secrets: {},
  };
}
