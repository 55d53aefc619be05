/**
 * `restart`: has every instance made anew, in the order and behind the gates of any change. A pod bears the hash of what
 * was asked for when it was made; with another one in its place the operator takes it for a pod of an older wish.
 */
import { specHashAnnotation, userHashAnnotation } from "../../api/multigres/annotations.ts";
import { annotations } from "../../api/smoketurner/annotations.ts";
import { type Pod, Pods } from "../../kube/kinds.ts";
import { EXIT } from "../exit.ts";
import { findCluster, type FoundCluster } from "../find.ts";
import {
  connectionAliases,
  type ConnectionFlags,
  connectionFlags,
  onePositional,
  type WaitFlags,
  waitFlags,
} from "../flags.ts";
import { chosenGroup, type Group, groupsOf, type Member, shardFlag } from "../groups.ts";
import { isReady } from "../instances.ts";
import { PluginError } from "../plugin_error.ts";
import { openSession, type Session } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";
import { type Look, waitFor } from "../wait.ts";

export interface RestartFlags extends ConnectionFlags, WaitFlags {
  readonly shard?: string;
}

export const restartParameters = {
  flags: { ...connectionFlags, ...waitFlags("30m"), shard: shardFlag },
  aliases: connectionAliases,
  positional: onePositional("Cluster", "cluster"),
} as const;

/** @returns the exit code. @throws PluginError, TooLateError in one line */
export async function restart(
  flags: RestartFlags,
  name: string,
  surroundings: Surroundings,
): Promise<number> {
  using session = await openSession(flags, surroundings);
  const found = await findCluster(session.client, name, session.namespace);
  const groups = await groupsOf(session, found);
  const chosen = flags.shard === undefined ? groups : [chosenGroup(groups, flags.shard, name)];
  const members = chosen.flatMap((group) => group.members);
  const hashes = hashesOf(found);
  requireMarks(members, hashes, name);
  const marker = `restart-asked-${session.clock.now().toISOString()}`;
  for (const { pod } of members) await mark(session, pod, { hashes, marker });
  const say = (line: string) => surroundings.stderr.write(`${line}\n`);
  say(`Asked the operator to restart ${members.length} instances of ${name}, one after another`);
  if (flags.wait) await untilDone(session, { found, members, seconds: flags.timeout, say });
  const { stdout } = surroundings;
  stdout.write(
    `${name}: ${members.length} instances ${flags.wait ? "are restarted" : "will be restarted"}\n`,
  );
  return EXIT.done;
}

/** Annotations by which the operator sees that a pod is of an older wish. */
function hashesOf({ kind }: FoundCluster): readonly string[] {
  return kind === "MultigresCluster" ? [specHashAnnotation, userHashAnnotation] : [annotations.askedHash];
}

/**
 * A pod without a hash was made by somebody else, and what it lacks means something to the operator: for one, that its
 * database may not be on its volume. It is never given one here.
 */
function requireMarks(members: readonly Member[], hashes: readonly string[], name: string): void {
  if (members.length === 0) throw new PluginError(`Cannot restart ${name} as it has no instance yet`);
  const strange = members.find(({ pod }) =>
    hashes.some((hash) => pod.metadata.annotations?.[hash] === undefined)
  );
  if (strange === undefined) return;
  throw new PluginError(
    `Cannot restart ${name} as pod ${strange.name} bears no ${
      hashes.join(" or ")
    }: the operator has not made it, ` +
      "or not looked at it yet; wait until it has, or have it replace such pods by annotation adopt-operator-changes",
  );
}

/** Exactly the pod that was seen: one of the same name that was made since is new enough. */
async function mark(
  { client, namespace }: Session,
  { metadata: { name, uid } }: Pod,
  { hashes, marker }: { readonly hashes: readonly string[]; readonly marker: string },
): Promise<void> {
  const marks = Object.fromEntries(hashes.map((hash) => [hash, marker]));
  await client.patch(Pods, { namespace, name }, { metadata: { uid, annotations: marks } });
}

interface Course {
  readonly found: FoundCluster;
  readonly members: readonly Member[];
  readonly seconds: number;
  readonly say: (line: string) => void;
}

async function untilDone(session: Session, { found, members, seconds, say }: Course): Promise<void> {
  const what = `${members.length} instances of ${found.cluster.metadata.name} to be made anew`;
  const look = async () => lookAt(members, await groupsOf(session, found));
  await waitFor({ what, seconds, clock: session.clock, look, say });
}

/** @param before pods as they were @param groups as they are now */
export function lookAt(before: readonly Member[], groups: readonly Group[]): Look<true> {
  const now = new Map(groups.flatMap(({ members }) => members).map((each) => [each.name, each.pod]));
  const pending = before.filter(({ pod }) => !isRenewed(pod, now.get(pod.metadata.name)));
  const [first] = pending;
  if (first === undefined) return { found: true };
  const why = groups.flatMap(({ shard }) =>
    shard?.status?.conditions?.filter(({ type, status }) => type === "RollingUpdate" && status === "True") ??
      []
  ).map(({ message }) => message);
  const words = why.length === 0 ? `next is ${first.name}, or it is not ready yet` : why.join("; ");
  return { lacks: `${before.length - pending.length} of ${before.length} are made anew; ${words}` };
}

function isRenewed(before: Pod, now: Pod | undefined): boolean {
  return now !== undefined && now.metadata.uid !== before.metadata.uid && isReady(now);
}
