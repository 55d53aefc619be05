/** One second in the life of a world: kubelets, volumes, poolers, orchestrators. */
import { slotKey } from "../../../controllers/shard/life/view.ts";
import { GRACE_SECONDS, groupKey, type Process, type World, type WorldPod } from "./world.ts";

/** Turns the world by one second. */
export function turn(world: World): void {
  world.now++;
  for (const pod of [...world.pods.values()]) turnPod(world, pod);
  for (const claim of [...world.claims.values()]) {
    const used = claim.slot !== undefined &&
      [...world.pods.values()].some((pod) => world.claimOf(pod) === claim);
    if (claim.deleted && !used) {
      world.claims.delete(claim.name);
      world.changes++;
    }
  }
  turnOrchestrators(world);
  elect(world);
  for (const pod of world.pods.values()) stream(world, pod);
  forgive(world);
}

/** What has come back is not down any more, nor what was not to come back and has gone. */
function forgive(world: World): void {
  const pods = [...world.pods.values()];
  for (const pod of pods) {
    if (pod.phase === "ready" && isServing(world, pod)) world.downByUs.delete(slotKey(pod));
  }
  for (const [key, slot] of world.downByUs) {
    const wanted = slot.index < (world.wanted.replicas.get(groupKey(slot)) ?? 0);
    if (!wanted && !pods.some((pod) => slotKey(pod) === key)) world.downByUs.delete(key);
  }
}

function turnPod(world: World, pod: WorldPod): void {
  if (world.isLost(pod)) return loseContact(world, pod);
  if (pod.deletedAt !== undefined) return end(world, pod, pod.deletedAt);
  switch (pod.phase) {
    case "pending":
      if (!world.faults.unschedulable && claimMounts(world, pod)) world.enter(pod, "starting");
      return;
    case "starting":
    case "notReady":
    case "crashLooping":
      return start(world, pod);
    case "ready":
      if (pod.process === undefined && world.now - pod.phaseAt >= 1) begin(world, pod);
      return;
    case "failed":
      return;
  }
}

function start(world: World, pod: WorldPod): void {
  if (pod.made.user === world.faults.brokenGeneration) world.enter(pod, "crashLooping");
  else if (world.now - pod.phaseAt >= 3) begin(world, pod);
}

function claimMounts(world: World, pod: WorldPod): boolean {
  const claim = world.claimOf(pod);
  return claim !== undefined && !claim.deleted && !claim.lost;
}

/** The processes of a pod start; it is Ready at once, however long PostgreSQL takes. */
function begin(world: World, pod: WorldPod): void {
  world.enter(pod, "ready");
  if (pod.fileSystemPendingAt !== undefined && pod.createdAt > pod.fileSystemPendingAt) {
    pod.fileSystemPendingAt = undefined;
  }
  if (!world.dataPlane || pod.process !== undefined) return;
  const claim = world.claimOf(pod);
  const delay = claim?.hasData === true ? world.between(2, 8) : world.between(10, 40);
  pod.process = newProcess(world.now, world.now + delay);
}

function newProcess(now: number, initializedAt: number): Process {
  return {
    startedAt: now,
    initializedAt,
    term: undefined,
    resigning: false,
    streaming: false,
    streamsFrom: 0,
    lagBytes: 0,
  };
}

function loseContact(world: World, pod: WorldPod): void {
  pod.process = undefined;
  const since = world.faults.lostNodes.get(pod.name) ?? world.now;
  if (world.now - since >= 40 && pod.phase === "ready") world.enter(pod, "notReady");
}

/** A pod that is deleted stops cleanly within seconds, and says so in its record. */
function end(world: World, pod: WorldPod, deletedAt: number): void {
  const record = world.records.get(pod.name);
  if (pod.process !== undefined && world.now - deletedAt >= 1) {
    pod.process = undefined;
    if (record !== undefined && world.random() < 0.8) {
      record.term = undefined;
      record.shutdown = true;
    }
  }
  if (pod.process === undefined && world.now - deletedAt >= world.between(1, GRACE_SECONDS)) {
    world.pods.delete(pod.name);
    world.changes++;
  }
}

function turnOrchestrators({ orchestrators, now }: World): void {
  if (orchestrators.endingAt !== undefined && now - orchestrators.endingAt >= 3) {
    orchestrators.endingAt = undefined;
  }
}

/** Whoever leads, as far as it runs and can be reached. */
export function leaderOf(world: World): WorldPod | undefined {
  return [...world.pods.values()].find(({ process }) => process?.term?.term === world.lastTerm);
}

/** Whether an instance does its part: in a world without data plane, whether it is Ready. */
export function isServing(world: World, pod: WorldPod): boolean {
  if (pod.deletedAt !== undefined || pod.drained || pod.quarantined) return false;
  if (!world.dataPlane) return pod.phase === "ready";
  return pod === leaderOf(world) || (pod.process?.streaming === true && world.cohort.has(pod.name));
}

function members(world: World): WorldPod[] {
  return [...world.pods.values()].filter((pod) =>
    pod.process !== undefined && pod.process.initializedAt <= world.now && !pod.quarantined &&
    pod.deletedAt === undefined && world.records.get(pod.name)?.shutdown === false
  );
}

/** Elects by majority of the cohort, a while after the last leader was lost; the first time, of whoever has data. */
function elect(world: World): void {
  if (!world.dataPlane) return;
  register(world);
  if (leaderOf(world) !== undefined || !world.orchestrators.present) {
    return void (world.electionAt = undefined);
  }
  const able = members(world).filter(({ name }) => world.cohort.size === 0 || world.cohort.has(name));
  const least = world.cohort.size === 0 ? world.need.instances : Math.floor(world.cohort.size / 2) + 1;
  if (able.length < least) return void (world.electionAt = undefined);
  world.electionAt ??= world.now + world.between(5, 25);
  if (world.now < world.electionAt) return;
  world.electionAt = undefined;
  promote(world, able);
}

function promote(world: World, able: readonly WorldPod[]): void {
  const others = able.filter(({ name }) => name !== world.resigned);
  const choice = others.length > 0 && world.random() < 0.9 ? others : able;
  const winner = choice[Math.floor(world.random() * choice.length)];
  if (winner?.process === undefined) return;
  world.lastTerm++;
  winner.process.term = { term: world.lastTerm, subterm: 0n };
  const claim = world.claimOf(winner);
  if (claim !== undefined) claim.hasData = true;
  for (const pod of able) world.cohort.add(pod.name);
}

function register(world: World): void {
  for (const pod of world.pods.values()) {
    const { process } = pod;
    if (process === undefined || world.faults.topologyDown || process.startedAt + 2 > world.now) continue;
    const record = world.records.get(pod.name) ?? { term: undefined, shutdown: false, slot: pod };
    record.term = process.term;
    record.shutdown = false;
    world.records.set(pod.name, record);
  }
  // The cohort is changed by a leader alone.
  if (leaderOf(world) === undefined) return;
  for (const [name, record] of world.records) if (record.shutdown) world.cohort.delete(name);
}

function stream(world: World, pod: WorldPod): void {
  const { process } = pod;
  if (process === undefined) return;
  const leader = leaderOf(world);
  const able = leader !== undefined && leader !== pod && process.initializedAt <= world.now &&
    !pod.quarantined;
  if (!able) {
    process.streaming = false;
    process.streamsFrom = world.now + world.between(2, 10);
    return;
  }
  const claim = world.claimOf(pod);
  if (claim !== undefined) claim.hasData = true;
  if (process.streamsFrom <= world.now) process.streaming = true;
  if (process.streaming && world.records.get(pod.name)?.shutdown === false) world.cohort.add(pod.name);
}
