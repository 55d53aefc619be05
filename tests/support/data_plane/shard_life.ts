/**
 * The life of one shard: what its poolers and orchestrators do among themselves. It is turned forward in small steps, and
 * what it decides can be read off its instances and its rule.
 */
import type { Random } from "../../../kube/random.ts";
import { QuorumType } from "../../../topology/gen/clustermetadata_pb.ts";
import type { ShardKeyPath } from "../../../topology/keys.ts";
import type { LeadershipRule, PoolerId } from "../../../topology/poolers/answers.ts";
import { sameId } from "../../../topology/poolers/instances.ts";
import type { Instance } from "./instance.ts";
import { timing } from "./timing.ts";

export interface Durability {
  readonly type: QuorumType;
  readonly count: number;
}

/** What a turn knows of the world around the shard. */
export interface Surroundings {
  readonly now: number;
  /** Somebody who elects is there. */
  readonly orchestrated: boolean;
  /** The policy of the database; undefined while it has no record. */
  readonly durability: Durability | undefined;
  /** IDs of this shard whose records say SHUTDOWN, whoever wrote it. */
  readonly stopped: readonly PoolerId[];
  /** Whether the shard may be bootstrapped: the claim is ours, after an attempt to make it so for these members. */
  claim(members: readonly PoolerId[]): Promise<boolean>;
}

/** Bytes of log that a writable primary adds each second. */
const BYTES_A_SECOND = 10_000;

export class ShardLife {
  readonly instances = new Map<string, Instance>();
  /** Undefined before the first election. */
  rule: LeadershipRule | undefined;
  #durability: Durability | undefined;
  #position = 0x300_0000n;
  #enoughSince: number | undefined;
  #electionAt: number | undefined;
  #cohortAt: number | undefined;
  #last = 0;

  constructor(readonly key: ShardKeyPath, private readonly random: Random) {}

  /** The instance that leads, while it does. */
  get primary(): Instance | undefined {
    return [...this.instances.values()].find(({ leads }) => leads !== undefined);
  }

  /** Whether commits succeed. */
  get writable(): boolean {
    const { primary, rule } = this;
    if (primary === undefined || rule === undefined || !primary.ready) return false;
    return this.#satisfies(this.#members(rule).filter((each) => each === primary || streams(each)));
  }

  get position(): bigint {
    return this.#position;
  }

  async turn(around: Surroundings): Promise<void> {
    const passed = around.now - this.#last;
    this.#last = around.now;
    for (const instance of this.instances.values()) this.#advance(instance, around.now);
    if (around.orchestrated) await this.#lead(around);
    this.#replicate(around.now);
    if (this.writable) this.#position += BigInt(Math.round(passed * BYTES_A_SECOND));
    this.#follow();
  }

  #advance(instance: Instance, now: number): void {
    const { phase, since = now } = instance;
    switch (phase) {
      case "waiting":
        if (instance.since !== undefined && now - since >= timing.registration) {
          instance.enter("starting", now);
        }
        return;
      case "starting":
        if (now - since >= timing.activation) instance.enter("active", now);
        return;
      case "active":
        return this.#settle(instance, now - since >= timing.initialisation, now);
      case "stopping":
        if (now - since >= timing.shutdown) instance.enter("stopped", now);
        return;
      case "stopped":
      case "quarantined":
      case "dead":
        return;
    }
  }

  #settle(instance: Instance, hasData: boolean, now: number): void {
    if (instance.initialisedAt === undefined && hasData) instance.initialisedAt = now;
    const { resignedAt } = instance;
    if (resignedAt !== undefined && now - resignedAt >= timing.demotion) instance.resignedAt = undefined;
  }

  async #lead(around: Surroundings): Promise<void> {
    const { rule } = this;
    if (rule === undefined) return await this.#bootstrap(around);
    if (this.primary?.ready === true) {
      this.#electionAt = undefined;
      return this.#changeCohort(rule, around);
    }
    this.#electionAt ??= around.now + this.#patience(rule);
    if (around.now >= this.#electionAt) this.#elect(rule);
  }

  async #bootstrap({ durability, now, claim }: Surroundings): Promise<void> {
    const ready = [...this.instances.values()].filter(({ electable }) => electable);
    this.#durability = durability;
    if (!this.#satisfies(ready)) return void (this.#enoughSince = undefined);
    this.#enoughSince ??= now;
    const members = ready.map(({ id }) => id);
    if (!await claim(members) || now - this.#enoughSince < timing.bootstrap) return;
    this.#promote(ready[0], { term: 1n, subterm: 0n, cohort: members });
  }

  /** One that said goodbye or hands over is known to be gone; one that vanished must first be missed. */
  #patience({ leader }: LeadershipRule): number {
    const instance = leader === undefined ? undefined : this.#find(leader);
    const vanished = instance === undefined || instance.phase === "dead";
    return (vanished ? timing.detection : 0) + timing.grace + this.random() * timing.jitter;
  }

  /** A majority of the cohort must take part, and the rest must not be able to go on without it. */
  #elect(rule: LeadershipRule): void {
    const recruits = this.#members(rule).filter(({ electable }) => electable);
    const others = rule.cohort.filter((id) => !recruits.some((each) => sameId(each.id, id)));
    if (recruits.length * 2 <= rule.cohort.length || this.#satisfiedBy(others)) return;
    // Whoever led before is chosen only when there is nobody else.
    const led = (each: Instance) => rule.leader !== undefined && sameId(rule.leader, each.id) ? 1 : 0;
    const [best] = recruits.sort((a, b) => led(a) - led(b) || Number(b.position - a.position));
    this.#promote(best, { term: rule.term + 1n, subterm: 0n, cohort: rule.cohort });
  }

  #promote(next: Instance | undefined, rule: Pick<LeadershipRule, "term" | "subterm" | "cohort">): void {
    if (next === undefined) return;
    next.leads = { term: rule.term, subterm: rule.subterm };
    next.unclean = false;
    stopReceiving(next);
    this.#electionAt = undefined;
    this.#cohortAt = undefined;
    this.rule = {
      ...rule,
      leader: next.id,
      ...(this.#durability === undefined ? {} : { durability: this.#durability }),
    };
    for (const instance of this.instances.values()) {
      if (instance === next) continue;
      stopReceiving(instance);
      instance.needsRewind ||= instance.unclean;
    }
  }

  #changeCohort(rule: LeadershipRule, { now, stopped }: Surroundings): void {
    const isStopped = (id: PoolerId) => stopped.some((each) => sameId(each, id));
    const joining = [...this.instances.values()].filter((each) => streams(each) && !inCohort(rule, each.id));
    const cohort = [...rule.cohort.filter((id) => !isStopped(id)), ...joining.map(({ id }) => id)];
    if (joining.length === 0 && cohort.length === rule.cohort.length) {
      return void (this.#cohortAt = undefined);
    }
    this.#cohortAt ??= now + timing.cohort;
    if (now < this.#cohortAt) return;
    this.#cohortAt = undefined;
    this.rule = { ...rule, cohort, subterm: rule.subterm + 1n };
    if (this.primary !== undefined) this.primary.leads = { term: rule.term, subterm: this.rule.subterm };
  }

  #replicate(now: number): void {
    const leads = this.primary?.ready === true;
    for (const instance of this.instances.values()) {
      const receives = instance.phase === "active" && instance.initialisedAt !== undefined &&
        instance.leads === undefined && instance.resignedAt === undefined && leads && !instance.heldBack;
      if (receives) receive(instance, now);
      else stopReceiving(instance);
    }
  }

  #follow(): void {
    for (const instance of this.instances.values()) {
      if (instance.leads !== undefined) instance.position = this.#position;
      else if (streams(instance)) instance.position = this.#position - instance.lagBytes;
    }
  }

  #find(id: PoolerId): Instance | undefined {
    return [...this.instances.values()].find((each) => sameId(each.id, id));
  }

  #members(rule: LeadershipRule): Instance[] {
    return rule.cohort.flatMap((id) => this.#find(id) ?? []);
  }

  #satisfies(instances: readonly Instance[]): boolean {
    return this.#satisfiedBy(instances.map(({ id }) => id));
  }

  #satisfiedBy(ids: readonly PoolerId[]): boolean {
    const durability = this.#durability;
    if (durability === undefined) return false;
    const across = durability.type === QuorumType.MULTI_CELL_AT_LEAST_N;
    return (across ? new Set(ids.map(({ cell }) => cell)).size : ids.length) >= durability.count;
  }
}

function receive(instance: Instance, now: number): void {
  instance.streamsAt ??= now + (instance.needsRewind ? timing.rewinding : timing.streaming);
  if (now < instance.streamsAt) return;
  instance.needsRewind = false;
  instance.unclean = false;
  instance.streamsSince ??= now;
}

function stopReceiving(instance: Instance): void {
  instance.streamsSince = undefined;
  instance.streamsAt = undefined;
}

export function streams({ streamsSince }: Instance): boolean {
  return streamsSince !== undefined;
}

export function inCohort(rule: LeadershipRule, id: PoolerId): boolean {
  return rule.cohort.some((member) => sameId(member, id));
}
