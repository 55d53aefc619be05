/** Roles and their Secrets: from what is to what is to be done. */
import type { DatabaseRole, RolePrivilege } from "../../api/smoketurner/postgres_database/spec.ts";
import { objectionToName, quoteIdentifier, quoteLiteral } from "../../postgres/sql/quote.ts";
import { type Claim, claimOf } from "./claims.ts";
import { type Deed, type DeedStep, joinPlans, object, type Planned, problemPlan, sql } from "./deeds.ts";
import type { Database } from "./kinds.ts";
import type { SeenRole, SeenServer } from "./look_server.ts";
import { withMark } from "./marks.ts";
import { markFor, type Order } from "./order.ts";
import { desiredRoleSecret, secretStep, type SeenSecret } from "./role_secret.ts";

/** A role of the spec, and what is known of its credentials. */
export interface RoleCredentials {
  readonly role: DatabaseRole;
  readonly secret: SeenSecret;
  /** resourceVersion of what stands under the Secret's name, where it is watched. */
  readonly version: string | undefined;
  /** That of its Secret, or a new one. */
  readonly password: string;
  /** The Secret held none. */
  readonly isNew: boolean;
  /** What to check that password with; undefined when the role is known to have it. */
  readonly verifier: string | undefined;
}

export interface RolesView {
  readonly database: Database;
  readonly order: Order;
  readonly server: SeenServer;
  /** In the order of the spec. */
  readonly credentials: readonly RoleCredentials[];
  readonly isAlive: (uid: string) => boolean;
}

/** The role that standbys follow the primary as: its password is in the cluster's Secret. */
const REPLICATION_ROLE = "standby";

/** In the order in which SQL is written, each with its opposite. */
const ATTRIBUTES: readonly RolePrivilege[] = [
  "LOGIN",
  "SUPERUSER",
  "CREATEDB",
  "CREATEROLE",
  "REPLICATION",
  "BYPASS_RLS",
];

/** The owner comes first: without it there is no database. */
export function planRoles(view: RolesView): Planned {
  return joinPlans([
    planOwner(view),
    ...view.credentials.map((credentials, at) => planRole(credentials, at, view)),
  ]);
}

/** An owner that the spec says nothing else of is made when there is none, and else left as it is. */
function planOwner({ order, server }: RolesView): Planned {
  const { owner } = order.spec.database;
  if (order.spec.roles?.some(({ name }) => name === owner)) return joinPlans([]);
  if (server.roles.some(({ name }) => name === owner)) return joinPlans([]);
  const objection = objectionToName(owner);
  if (objection !== undefined) {
    const message = `Cannot make spec.database.owner ${
      JSON.stringify(owner)
    } as ${objection}. Choose another.`;
    return problemPlan({ about: "roles", reason: "InvalidName", message });
  }
  const name = quoteIdentifier(owner);
  const deed: Deed = {
    about: "roles",
    describe: `create role ${owner}`,
    steps: [sql(`CREATE ROLE ${name} WITH LOGIN`, commentOn(name, undefined, order, true))],
  };
  return { deeds: [deed], problems: [], remarks: [] };
}

function planRole(credentials: RoleCredentials, at: number, view: RolesView): Planned {
  const { role, secret } = credentials;
  const seen = view.server.roles.find(({ name }) => name === role.name);
  const obstacle = obstacleTo(credentials, at, view, seen);
  if (obstacle !== undefined) return problemPlan(obstacle);
  if (secret.kind === "taken") {
    const message =
      `Cannot write Secret ${role.secretName} of role ${role.name} as it belongs to ${secret.by}.`;
    return problemPlan({ about: "secrets", reason: "SecretTaken", message });
  }
  const claim = seen === undefined ? undefined : claimOfRole(seen, credentials, view);
  if (claim?.kind === "refused") {
    return problemPlan({ about: "roles", reason: "RoleTaken", message: claim.message });
  }
  const written = secretStep(
    secret,
    desiredRoleSecret(view.database, view.order, {
      role: role.name,
      secretName: role.secretName,
      password: credentials.password,
    }),
  );
  const first: DeedStep[] = written === undefined ? [] : [object(written)];
  const deeds = seen === undefined || claim === undefined
    ? [creation(credentials, first, view.order)]
    : upkeep({ credentials, first, seen, claim, order: view.order });
  return { deeds, problems: [], remarks: [] };
}

function obstacleTo({ role }: RoleCredentials, at: number, view: RolesView, seen: SeenRole | undefined) {
  const { name, secretName } = role;
  const earlier = view.credentials.slice(0, at).map((other) => other.role);
  if (earlier.some((other) => other.name === name)) {
    const message = `Cannot make role ${name} twice: spec.roles names it more than once. Remove all but one.`;
    return { about: "roles", reason: "NamedTwice", message } as const;
  }
  const same = earlier.find((other) => other.secretName === secretName);
  if (same !== undefined) {
    const message =
      `Cannot write Secret ${secretName} of role ${name} as role ${same.name} has it, too: name another.`;
    return { about: "secrets", reason: "NamedTwice", message } as const;
  }
  if (seen?.isBuiltIn || name === view.server.login || name === REPLICATION_ROLE) {
    const message = `Cannot look after role ${name} as the cluster itself needs it. Choose another name.`;
    return { about: "roles", reason: "RoleReserved", message } as const;
  }
  return undefined;
}

/** That we own a Secret with its name proves that a role was this object's: the operator before us left no marks. */
function claimOfRole(seen: SeenRole, { secret, isNew }: RoleCredentials, view: RolesView): Claim {
  const proven = secret.kind === "usable" && secret.isOurs && !isNew;
  return claimOf({ what: `role ${seen.name}`, comment: seen.comment, proven }, view.order, view.isAlive);
}

/** The Secret comes first, so that no role has a password that nobody knows. */
function creation({ role, verifier }: RoleCredentials, first: readonly DeedStep[], order: Order): Deed {
  const name = quoteIdentifier(role.name);
  const password = verifier === undefined ? "" : ` PASSWORD ${quoteLiteral(verifier)}`;
  const limit = role.connectionLimit ?? -1;
  return {
    about: "roles",
    describe: `create role ${role.name}`,
    steps: [
      ...first,
      sql(
        `CREATE ROLE ${name} WITH ${attributesOf(role)} CONNECTION LIMIT ${limit}${password}`,
        commentOn(name, undefined, order, true),
      ),
    ],
  };
}

interface Upkeep {
  readonly credentials: RoleCredentials;
  readonly first: readonly DeedStep[];
  readonly seen: SeenRole;
  readonly claim: Exclude<Claim, { kind: "refused" }>;
  readonly order: Order;
}

function upkeep(task: Upkeep): Deed[] {
  const { credentials: { role, isNew }, first, claim } = task;
  const texts = changesTo(task);
  const steps = [...first, ...(texts.length === 0 ? [] : [sql(...texts)])];
  if (steps.length === 0) return [];
  const message =
    `Secret ${role.secretName} held no password of role ${role.name}, so the role has a new one`;
  const warning = isNew ? { warning: { reason: "PasswordReplaced", message } } : {};
  if (texts.length === 0) {
    return [{ about: "secrets", describe: `write Secret ${role.secretName}`, steps, ...warning }];
  }
  const describe = claim.kind === "adopt" ? `take over role ${role.name}` : `put role ${role.name} in order`;
  return [{ about: "roles", describe, steps, ...warning }];
}

function changesTo({ credentials: { role, verifier }, seen, claim, order }: Upkeep): string[] {
  const name = quoteIdentifier(role.name);
  const made = claim.kind === "ours" && claim.made;
  const limit = role.connectionLimit ?? (made ? -1 : seen.connectionLimit);
  const texts: string[] = [];
  if (claim.kind === "adopt") texts.push(commentOn(name, seen.comment, order, false));
  if (!hasAttributes(seen, role) || seen.connectionLimit !== limit) {
    texts.push(`ALTER ROLE ${name} WITH ${attributesOf(role)} CONNECTION LIMIT ${limit}`);
  }
  if (verifier !== undefined) texts.push(`ALTER ROLE ${name} WITH PASSWORD ${quoteLiteral(verifier)}`);
  return texts;
}

function wantedAttributes({ login, privileges = [] }: DatabaseRole): ReadonlySet<RolePrivilege> {
  return new Set([...privileges, ...(login ? ["LOGIN" as const] : [])]);
}

function hasAttributes({ attributes }: SeenRole, role: DatabaseRole): boolean {
  const wanted = wantedAttributes(role);
  return ATTRIBUTES.every((attribute) => attributes.has(attribute) === wanted.has(attribute));
}

/** `LOGIN NOSUPERUSER …`: what is not asked for is taken away. */
function attributesOf(role: DatabaseRole): string {
  const wanted = wantedAttributes(role);
  return ATTRIBUTES.map((attribute) => {
    const word = attribute === "BYPASS_RLS" ? "BYPASSRLS" : attribute;
    return wanted.has(attribute) ? word : `NO${word}`;
  }).join(" ");
}

function commentOn(name: string, comment: string | undefined, order: Order, made: boolean): string {
  return `COMMENT ON ROLE ${name} IS ${quoteLiteral(withMark(comment, markFor(order, made)))}`;
}
