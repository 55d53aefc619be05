/** What people, machines and chance do to a shard. As plain data, so that a walk can be printed and repeated. */
import { groupKey, type World, type WorldPod } from "./world.ts";
import type { Operator } from "./operator.ts";
import { leaderOf } from "./turn.ts";

/** Blows that fall on one pod. */
export const blows = [
  "kill",
  "delete",
  "evict",
  "loseNode",
  "unanswered",
  "lag",
  "quarantine",
  "drain",
  "loseVolume",
  "mark",
] as const;

/** What people come to want. */
export const wishes = [
  "change",
  "badChange",
  "operatorChange",
  "adopt",
  "reload",
  "grow",
  "shrink",
  "whenScaled",
] as const;

/** What is wrong from one such event to the next. */
export const troubles = ["topology", "calls", "nodesFull", "backup", "rigidClass"] as const;

export type Blow = typeof blows[number];
export type Wish = typeof wishes[number];
export type Trouble = typeof troubles[number];

/** `at` picks one of the pods, or pools, whichever there are. */
export type WorldEvent =
  | { readonly do: Blow; readonly at: number }
  | { readonly do: "scale"; readonly at: number; readonly to: number }
  | { readonly do: "crash"; readonly after: number }
  | { readonly do: "cacheLags"; readonly seconds: number }
  | { readonly do: Wish | Trouble | "heal" };

/** Lets an event happen. */
export function happen(world: World, operator: Operator, event: WorldEvent): void {
  world.changes++;
  if ("to" in event) return scale(world, event.at, event.to);
  if ("at" in event) return strike(world, event.do, event.at);
  switch (event.do) {
    case "crash":
      operator.endsAfter = event.after;
      return;
    case "cacheLags":
      // Without a data plane there is no other evidence than the cache, so nothing could be asked of who is deaf.
      if (world.dataPlane) operator.deafUntil = world.now + event.seconds;
      return;
    case "heal":
      return heal(world);
    case "topology":
    case "calls":
    case "nodesFull":
    case "backup":
    case "rigidClass":
      return toggle(world, event.do);
    default:
      return want(world, event.do);
  }
}

function scale(world: World, at: number, to: number): void {
  const keys = [...world.wanted.replicas.keys()];
  const key = keys[at % keys.length];
  if (key !== undefined) world.wanted.replicas.set(key, to);
}

function want({ wanted, faults }: World, wish: Wish): void {
  const { generations, policy } = wanted;
  switch (wish) {
    case "change":
    case "badChange":
      wanted.generations = { ...generations, user: generations.user + 1 };
      if (wish === "badChange") faults.brokenGeneration = wanted.generations.user;
      return;
    case "operatorChange":
      wanted.generations = { ...generations, operator: generations.operator + 1 };
      return;
    case "adopt":
      wanted.adopt = !wanted.adopt;
      return;
    case "reload":
      wanted.reload++;
      return;
    case "grow":
    case "shrink":
      wanted.bytes += wish === "grow" ? 5 : -2;
      return;
    case "whenScaled":
      wanted.policy = { ...policy, whenScaled: policy.whenScaled === "Delete" ? "Retain" : "Delete" };
      return;
  }
}

function toggle(
  { faults }: World,
  fault: Trouble,
): void {
  switch (fault) {
    case "topology":
      faults.topologyDown = !faults.topologyDown;
      return;
    case "calls":
      faults.callsFail = !faults.callsFail;
      return;
    case "nodesFull":
      faults.unschedulable = !faults.unschedulable;
      return;
    case "backup":
      faults.backupUnhealthy = !faults.backupUnhealthy;
      return;
    case "rigidClass":
      faults.rigidClass = !faults.rigidClass;
      return;
  }
}

function strike(world: World, blow: Blow, at: number): void {
  const pods = [...world.pods.values()];
  const pod = pods[at % pods.length];
  if (pod === undefined) return;
  world.accident(pod);
  switch (blow) {
    case "unanswered":
      world.faults.unanswered.add(pod.name);
      return;
    case "lag":
      if (pod.process !== undefined) pod.process.lagBytes = 2 ** 30;
      return;
    case "loseNode":
      world.faults.lostNodes.set(pod.name, world.now);
      return;
    case "quarantine":
    case "drain":
      return setAside(world, blow, pod);
    case "loseVolume":
      return loseVolume(world, pod);
    default:
      hit(world, blow, pod);
  }
}

function hit(world: World, blow: Blow, pod: WorldPod): void {
  if (blow === "mark") pod.drain ??= { state: "requested", at: world.now };
  else pod.process = undefined;
  if (blow === "delete") pod.deletedAt ??= world.now;
  if (blow === "evict" && pod.deletedAt === undefined) world.enter(pod, "failed");
  world.touch(pod);
}

function setAside(world: World, how: "quarantine" | "drain", pod: WorldPod): void {
  const other = [...world.pods.values()].some(({ quarantined }) => quarantined);
  if (pod === leaderOf(world) || (how === "quarantine" && (pod.process === undefined || other))) return;
  if (how === "drain") pod.drained = !pod.drained;
  else pod.quarantined = true;
  world.touch(pod);
}

function loseVolume(world: World, pod: WorldPod): void {
  const claim = world.claimOf(pod);
  if (claim === undefined || pod === leaderOf(world)) return;
  claim.lost = true;
  world.touch(claim);
  pod.process = undefined;
  pod.deletedAt ??= world.now;
  world.touch(pod);
}

/** All that was wrong is put right, by machines or by people; what people want stays, as far as it can work. */
export function heal(world: World): void {
  const { faults } = world;
  faults.lostNodes.clear();
  faults.unanswered.clear();
  faults.topologyDown = false;
  faults.callsFail = false;
  faults.unschedulable = false;
  faults.backupUnhealthy = false;
  if (faults.brokenGeneration === world.wanted.generations.user) want(world, "change");
  for (const pod of world.pods.values()) {
    pod.drained = false;
    if (pod.process !== undefined) pod.process.lagBytes = 0;
    pod.version++;
  }
  askForQuarantined(world);
  for (const claim of world.claims.values()) {
    if (!claim.lost) continue;
    claim.deleted = true;
    world.touch(claim);
  }
  world.changes++;
}

/** Where nobody leads, an instance that is quarantined and not wanted any more comes back only when it is. */
function askForQuarantined(world: World): void {
  if (leaderOf(world) !== undefined) return;
  for (const pod of world.pods.values()) {
    const wanted = world.wanted.replicas.get(groupKey(pod)) ?? 0;
    if (pod.quarantined) world.wanted.replicas.set(groupKey(pod), Math.max(wanted, pod.index + 1));
  }
}
