/** `promote`: a planned switchover. */
import { clusterLabel } from "../../api/multigres/labels.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import type { Output } from "../../cli/streams.ts";
import { withLabelAhead } from "../../controllers/postgres_cluster/label_ahead.ts";
import { POSTGRES_CONTAINER } from "../../controllers/postgres_cluster/shape.ts";
import { ExecError } from "../../kube/exec.ts";
import { type Pod, Pods } from "../../kube/kinds.ts";
import { EXIT } from "../exit.ts";
import { findCluster, type FoundCluster } from "../find.ts";
import {
  connectionAliases,
  type ConnectionFlags,
  connectionFlags,
  flag,
  onePositional,
  type WaitFlags,
  waitFlags,
} from "../flags.ts";
import { type Group, groupsOf, type Member, primaryOf } from "../groups.ts";
import { Multiadmin } from "../multiadmin.ts";
import { PluginError } from "../plugin_error.ts";
import { openSession, type Session } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";
import { waitFor } from "../wait.ts";

export interface PromoteFlags extends ConnectionFlags, WaitFlags {
  readonly "any-standby": boolean;
}

export const promoteParameters = {
  flags: {
    ...connectionFlags,
    ...waitFlags("2m"),
    "any-standby": flag("Of a Multigres cluster: take whichever standby the orchestrators choose"),
  },
  aliases: connectionAliases,
  positional: onePositional("Pod that is to lead", "pod"),
} as const;

/** @returns the exit code. @throws PluginError, TooLateError in one line */
export async function promote(
  flags: PromoteFlags,
  pod: string,
  surroundings: Surroundings,
): Promise<number> {
  using session = await openSession(flags, surroundings);
  const found = await clusterOf(session, pod.replace(/^(pod|po|pods)\//, ""));
  const group = await groupWith(session, found.cluster, found.pod);
  const candidate = group.members.find(({ name }) => name === found.pod.metadata.name);
  const { stdout } = surroundings;
  if (candidate?.role === "primary") {
    stdout.write(`${candidate.name} leads already\n`);
    return EXIT.done;
  }
  const change = { leader: primaryOf(group), candidate: able(candidate, found.pod), group };
  const { stderr } = surroundings;
  if (found.cluster.kind === "PostgresCluster") await byPatroni(session, change, found.pod, stderr);
  else await byMultiadmin(session, change, { cluster: found.cluster, free: flags["any-standby"] });
  stderr.write(`${change.leader.name} was asked to hand over\n`);
  if (!flags.wait) return EXIT.done;
  const leader = await untilLeads(session, { ...change, ...found, flags });
  stdout.write(`${leader} leads now\n`);
  return EXIT.done;
}

interface Change {
  readonly leader: Member;
  readonly candidate: Member;
  readonly group: Group;
}

interface Found {
  readonly cluster: FoundCluster;
  readonly pod: Pod;
}

async function clusterOf({ client, namespace }: Session, name: string): Promise<Found> {
  const pod = await client.find(Pods, { namespace, name });
  if (pod === undefined) {
    throw new PluginError(
      `Cannot find pod ${name} in namespace ${namespace}; kubectl matriarch status CLUSTER names all`,
    );
  }
  const { labels = {} } = pod.metadata;
  const [multigres, patroni] = [labels[clusterLabel], labels[labelKeys.cluster]];
  if (multigres !== undefined) {
    return { pod, cluster: await findCluster(client, `mgc/${multigres}`, namespace) };
  }
  if (patroni !== undefined) return { pod, cluster: await findCluster(client, `pgc/${patroni}`, namespace) };
  throw new PluginError(
    `Cannot promote pod ${name} as it belongs to no cluster: it bears neither label ${clusterLabel} nor ${labelKeys.cluster}`,
  );
}

async function groupWith(session: Session, cluster: FoundCluster, { metadata }: Pod): Promise<Group> {
  const groups = await groupsOf(session, cluster);
  const group = groups.find(({ members }) => members.some(({ name }) => name === metadata.name));
  if (group !== undefined) return group;
  throw new PluginError(
    `Cannot promote pod ${metadata.name} as it is no instance of ${cluster.cluster.metadata.name}: it runs no PostgreSQL`,
  );
}

function able(candidate: Member | undefined, pod: Pod): Member {
  if (candidate?.ready === true && candidate.role === "replica") return candidate;
  const state = candidate === undefined ? "gone" : `${candidate.role}, ${candidate.ready ? "" : "not "}ready`;
  throw new PluginError(
    `Cannot promote ${pod.metadata.name} as it is no replica that is ready: it is ${state}; choose another one, or wait`,
  );
}

/** Patroni's answer comes when the switchover is done; it waits for the old leader to stop, which may take a checkpoint. */
const ANSWER_SECONDS = 60;

/** Patroni, as seen from within its container. */
const PATRONI = `http://localhost:${ports.patroni.port}`;

/** Ends when the leader's server shuts down: 0 then, 1 when it does not within the time of an answer. */
const UNTIL_STOPPING = `for _ in $(seq ${ANSWER_SECONDS * 10}); do
  curl -s -m 1 ${PATRONI}/patroni | grep -Eq '"state": *"stopp(ing|ed)"' && exit 0
  sleep 0.1
done
exit 1`;

/** The call that the operator makes itself, from within the leader's container: members need not be reachable from here. */
async function byPatroni(
  session: Session,
  { leader, candidate }: Change,
  pod: Pod,
  stderr: Output,
): Promise<void> {
  const { client, clock, namespace } = session;
  const { name, uid = "" } = pod.metadata;
  const wish = JSON.stringify({ leader: leader.name, candidate: candidate.name });
  const url = `${PATRONI}/switchover`;
  const command = ["curl", "-sS", "-m", String(ANSWER_SECONDS), "-w", "\n%{http_code}", "-d", wish, url];
  const answer = await withLabelAhead({
    client,
    clock,
    candidate: { namespace, name, uid },
    isStopping: async (signal) => {
      await run(session, leader, ["sh", "-c", UNTIL_STOPPING], signal);
      return true;
    },
    failed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      stderr.write(`Cannot label pod ${name} ahead, so clients find it a second later: ${reason}\n`);
    },
  }, () => run(session, leader, command));
  const { message, code } = parseCurl(answer);
  if (code >= 200 && code < 300) return;
  throw new PluginError(
    `Cannot promote ${candidate.name} as Patroni of ${leader.name} answers ${code}: ${message}`,
  );
}

async function run(
  { exec, namespace }: Session,
  { name: pod }: Member,
  command: readonly string[],
  signal?: AbortSignal,
) {
  const request = { namespace, pod, container: POSTGRES_CONTAINER, command };
  const timeoutMs = (ANSWER_SECONDS + 10) * 1_000;
  try {
    const result = await exec.run({ ...request, timeoutMs, ...(signal === undefined ? {} : { signal }) });
    if (result.exitCode === 0) return result.stdout;
    throw new PluginError(`Cannot ask Patroni in pod ${pod}: ${result.stderr.trim()}`);
  } catch (error) {
    if (error instanceof ExecError) {
      throw new PluginError(`${error.message}; the right to create pods/exec is needed`);
    }
    throw error;
  }
}

/** The answer, and on its last line its status. */
export function parseCurl(output: string): { readonly message: string; readonly code: number } {
  const at = output.lastIndexOf("\n");
  return { message: output.slice(0, Math.max(0, at)).trim(), code: Number(output.slice(at + 1)) };
}

async function byMultiadmin(
  { transport, namespace }: Session,
  { leader, candidate, group }: Change,
  { cluster, free }: { readonly cluster: FoundCluster; readonly free: boolean },
): Promise<void> {
  if (!free) requireOnlyChoice(group.members, { leader: leader.name, candidate: candidate.name });
  if (group.shard === undefined) throw new TypeError("Cannot be: a Multigres group without its shard");
  const multiadmin = new Multiadmin({ transport, namespace, cluster: cluster.cluster.metadata.name });
  await multiadmin.switchPrimary(group.shard, "kubectl matriarch promote");
}

/**
 * Nobody but the orchestrators chooses who leads a shard: with one standby that is a choice of one.
 * @throws PluginError when there are others
 */
export function requireOnlyChoice(
  members: readonly Pick<Member, "name" | "role">[],
  { leader, candidate }: { readonly leader: string; readonly candidate: string },
): void {
  const others = members.filter(({ role, name }) => role === "replica" && name !== candidate);
  if (others.length === 0) return;
  throw new PluginError(
    `Cannot promote ${candidate} rather than ${
      others.map(({ name }) => name).join(", ")
    } as the orchestrators of ` +
      `Multigres choose the next primary themselves: --any-standby has ${leader} resign, and takes whom they choose`,
  );
}

async function untilLeads(
  session: Session,
  { cluster, pod, leader, candidate, flags }: Change & Found & { readonly flags: PromoteFlags },
): Promise<string> {
  const wanted = flags["any-standby"] && cluster.kind === "MultigresCluster"
    ? "another instance"
    : candidate.name;
  const look = async () => {
    const { members } = await groupWith(session, cluster, pod);
    const leading = members.filter(({ role }) => role === "primary").map(({ name }) => name);
    const [only] = leading;
    const isDone = leading.length === 1 &&
      (wanted === candidate.name ? only === wanted : only !== leader.name);
    return isDone && only !== undefined
      ? { found: only }
      : { lacks: `told to lead: ${leading.join(", ") || "nobody"}` };
  };
  return await waitFor({ what: `${wanted} to lead`, seconds: flags.timeout, clock: session.clock, look });
}
