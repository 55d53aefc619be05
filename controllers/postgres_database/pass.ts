/**
 * One pass over a database: look, plan, act, first on the server, then inside the database. It runs beside the reconciles,
 * when what is wanted changes, when a Secret of a role changes, and by the named timer: what was changed by hand is found then.
 */
import type { DatabaseRole } from "../../api/smoketurner/postgres_database/spec.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { roleSecretKeys } from "../../api/smoketurner/secret_keys.ts";
import type { ActResult } from "../../kube/act.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { Secret } from "../../kube/kinds.ts";
import type { CreateStep, DeleteStep, PatchStep } from "../../kube/plan.ts";
import { remove } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import { provesPassword, SALT_BYTES, scramVerifier } from "../../postgres/sql/scram.ts";
import type { SqlSession } from "../../postgres/sql/sql_client.ts";
import { makePassword } from "../postgres_cluster/desired_credentials.ts";
import { Secrets } from "../postgres_cluster/kinds.ts";
import { carryOut, type Deed, type Done, type Hands, object, type Planned, type Problem } from "./deeds.ts";
import { type Database, Databases } from "./kinds.ts";
import { lookAtServer, type SeenServer } from "./look_server.ts";
import { lookInside } from "./look_inside.ts";
import { type Order, wantedRoleNames } from "./order.ts";
import { planDatabase, temporaryName } from "./plan_database.ts";
import { planInside } from "./plan_inside.ts";
import { planRoles, type RoleCredentials } from "./plan_roles.ts";
import { judgeSecret, secretKeyOf, secretText } from "./role_secret.ts";
import { type Server, type Ways, withServer } from "./server.ts";

/** What came of a pass. */
export interface Report {
  readonly problems: readonly Problem[];
  readonly remarks: readonly string[];
  /** resourceVersion of the Secret of each role, by its name, as the pass left it; of those that are watched. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface PassTools {
  readonly database: Database;
  readonly ways: Ways;
  readonly context: ReconcileContext;
  readonly signal: AbortSignal;
}

/** Carries out an order. @throws SqlError, ApiError, TransportError: what is wrong with the way there, or the process */
export async function runPass(order: Order, tools: PassTools): Promise<Report> {
  const { signal } = tools;
  const dones: Done[] = [];
  return await withServer(order.place, tools.ways, {
    signal,
    run: (server) => provision(order, server, { ...tools, dones }),
  }).finally(() => tell(dones.flatMap(({ deeds }) => deeds), tools.context));
}

type Tools = PassTools & { readonly dones: Done[] };

async function provision(order: Order, server: Server, tools: Tools): Promise<Report> {
  const { database, context } = tools;
  const sought = {
    databases: [order.spec.database.name, temporaryName(order)],
    roles: wantedRoleNames(order.spec),
    uid: order.uid,
  };
  const seen = await lookAtServer(server.session, sought);
  const isAlive = aliveIn(context);
  const credentials = await lookAtCredentials(order, seen, tools);
  const wasThere =
    database.status?.conditions?.some(({ type, status }) =>
      type === "DatabaseCreated" && status === "True"
    ) ?? false;
  const roles = planRoles({ database, order, server: seen, credentials, isAlive });
  const outside = planDatabase({ order, server: seen, isAlive, wasThere });
  const first = await act(roles, server.session, tools);
  const second = await act(outside, server.session, tools);
  const isThere = [...outside.problems, ...second.problems].length === 0;
  const inside = isThere ? await provisionInside(order, seen, server, tools) : nothing;
  const parts = [roles, first, outside, second, inside];
  return {
    problems: parts.flatMap(({ problems }) => problems),
    remarks: parts.flatMap(({ remarks }) => remarks),
    secrets: await versionsOf(credentials, tools),
  };
}

type Result = Pick<Done, "problems" | "remarks">;
const nothing: Result = { problems: [], remarks: [] };

async function provisionInside(
  order: Order,
  seen: SeenServer,
  server: Server,
  tools: Tools,
): Promise<Result> {
  await using session = await server.inside(order.spec.database.name);
  const planned = planInside(order, await lookInside(session, order), seen);
  const done = await act(planned, session, tools);
  const secrets = await act(
    { deeds: formerSecrets(order, tools), problems: [], remarks: [] },
    session,
    tools,
  );
  const parts = [planned, done, secrets];
  return {
    problems: parts.flatMap(({ problems }) => problems),
    remarks: parts.flatMap(({ remarks }) => remarks),
  };
}

/** Secrets of roles that the spec does not name any more. */
function formerSecrets(order: Order, { database, context }: PassTools): Deed[] {
  const wanted = new Set(order.spec.roles?.map(({ secretName }) => secretName));
  return context.cache.children(Secrets, database.metadata.uid)
    .filter(isStored)
    .filter(({ metadata }) => !wanted.has(metadata.name))
    .map((secret) => ({
      about: "secrets",
      describe: `delete Secret ${secret.metadata.name}`,
      steps: [object(remove(Secrets, secret))],
    }));
}

/** Reads the Secrets live: no password is kept in memory. */
async function lookAtCredentials(
  { spec }: Order,
  seen: SeenServer,
  { database, context: { client } }: PassTools,
): Promise<RoleCredentials[]> {
  const found: RoleCredentials[] = [];
  for (const role of spec.roles ?? []) {
    const live = await client.find(Secrets, secretKeyOf(database, role.secretName));
    const secret = judgeSecret(live !== undefined && isStored(live) ? live : undefined, database);
    const known = secret.kind === "usable" ? passwordIn(secret.live, role) : undefined;
    const password = known ?? makePassword(randomBytes);
    const held = seen.roles.find(({ name }) => name === role.name)?.verifier;
    const isProven = known !== undefined && await provesPassword(held, password);
    const verifier = isProven ? undefined : await scramVerifier(password, randomBytes(SALT_BYTES));
    const version = versionOf(live);
    found.push({ role, secret, version, password, isNew: known === undefined, verifier });
  }
  return found;
}

/** A Secret that tells of another role holds no password of this one. */
function passwordIn(secret: Parameters<typeof secretText>[0], { name }: DatabaseRole): string | undefined {
  const username = secretText(secret, roleSecretKeys.username);
  if (username !== undefined && username !== name) return undefined;
  return secretText(secret, roleSecretKeys.password);
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

async function act(planned: Planned, session: SqlSession, tools: Tools): Promise<Result> {
  const done = await carryOut(planned.deeds, handsOf(session, tools.context));
  tools.dones.push(done);
  return done;
}

/** How deeds are carried out in a session. */
export function handsOf(session: SqlSession, context: ReconcileContext): Hands {
  return {
    sql: (statements) => session.change(statements),
    object: async (step) => mustBeWritten(await context.act([step]), step),
  };
}

/** @throws SqlError of failure `conflict` when the object is not as it was seen any more */
function mustBeWritten(result: ActResult, step: CreateStep | PatchStep | DeleteStep): void {
  if (result.kind === "failed") throw result.error;
  if (result.kind === "done" && (result.written.length > 0 || step.kind === "delete")) return;
  throw new SqlError("conflict", "the object was changed at the same time");
}

/** A pass that wrote no Secret left them as it saw them. */
async function versionsOf(
  credentials: readonly RoleCredentials[],
  { database, context, dones }: Tools,
): Promise<Record<string, string>> {
  const steps = dones.flatMap(({ deeds }) => deeds).flatMap((deed) => deed.steps);
  const wrote = steps.some(({ kind }) => kind === "object");
  const versions: Record<string, string> = {};
  for (const { role, version } of credentials) {
    const key = secretKeyOf(database, role.secretName);
    const live = wrote ? await context.client.find(Secrets, key) : undefined;
    const seen = wrote ? versionOf(live) : version;
    if (seen !== undefined) versions[role.secretName] = seen;
  }
  return versions;
}

/** What the store will say of a Secret: without the label that is watched, it says nothing. */
function versionOf(secret: Secret | undefined): string | undefined {
  const { labels, resourceVersion } = secret?.metadata ?? {};
  return labels?.[labelKeys.cluster] === undefined ? undefined : resourceVersion;
}

/** Whether there is a PostgresDatabase of a UID, as far as this operator sees. */
export function aliveIn({ cache }: Pick<ReconcileContext, "cache">): (uid: string) => boolean {
  return (uid) => [...cache.store(Databases).values()].some(({ metadata }) => metadata.uid === uid);
}

function tell(deeds: readonly Deed[], { record }: ReconcileContext): void {
  if (deeds.length === 0) return;
  const message = deeds.map(({ describe }) => describe).join(", ");
  record({ type: "Normal", reason: "Applied", message: message.charAt(0).toUpperCase() + message.slice(1) });
  for (const { warning } of deeds) {
    if (warning !== undefined) record({ type: "Warning", ...warning });
  }
}
