/** One instance: a pooler and its PostgreSQL, from the start of its pod to its end. */
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ID_ComponentType as Component,
  MultipoolerSchema,
  PoolerLifecycleStatus as Lifecycle,
  PoolerServingStatus as Serving,
  RoutingRole,
} from "../../../topology/gen/clustermetadata_pb.ts";
import type { PoolerId } from "../../../topology/poolers/answers.ts";
import type { Term } from "../../../topology/records/term.ts";
import type { DataPlanePod } from "./pods.ts";

/**
 * | phase         | what it does                                    | record says         |
 * | ------------- | ----------------------------------------------- | ------------------- |
 * | `waiting`     | its pod is not Ready, or was just now           | nothing new         |
 * | `starting`    | it has registered                               | STARTING            |
 * | `active`      | it takes part                                   | ACTIVE              |
 * | `stopping`    | it was told to end                              | STOPPING            |
 * | `stopped`     | it has ended in good order                      | SHUTDOWN            |
 * | `quarantined` | its PostgreSQL cannot be mended                 | QUARANTINED         |
 * | `dead`        | it ended without a word, as if its node was lost | what it said before |
 */
export type Phase = "waiting" | "starting" | "active" | "stopping" | "stopped" | "quarantined" | "dead";

/** Port by which its PostgreSQL is known. Nobody listens there. */
export const POSTGRES_PORT = 5432;

const lifecycles: Readonly<Record<Exclude<Phase, "waiting" | "dead">, [Lifecycle, string]>> = {
  starting: [Lifecycle.STARTING, "process starting"],
  active: [Lifecycle.ACTIVE, "pooler active"],
  stopping: [Lifecycle.STOPPING, "pooler stopping"],
  stopped: [Lifecycle.SHUTDOWN, "pooler shutdown"],
  quarantined: [Lifecycle.QUARANTINED, "postgres cannot be recovered"],
};

export class Instance {
  phase: Phase = "waiting";
  /** When the phase began; for one that waits, when its pod became Ready. */
  since: number | undefined;
  /** It has its data, and its PostgreSQL runs. */
  initialisedAt: number | undefined;
  /** It leads in this term; undefined for a standby. */
  leads: Term | undefined;
  /** It has asked to be relieved, and its PostgreSQL starts again as a standby. */
  resignedAt: number | undefined;
  /** It receives from the primary since then. */
  streamsSince: number | undefined;
  /** When it will stream, if nothing changes before. */
  streamsAt: number | undefined;
  /** It was killed while it led, and may have written what nobody else has. */
  unclean = false;
  /** Somebody else leads since then: its data goes another way. */
  needsRewind = false;
  /** A person stopped its replication. */
  heldBack = false;
  /** Bytes that it is behind while it streams. */
  lagBytes = 0n;
  /** How far its log goes, in bytes. */
  position = 0n;
  /** Where its pooler listens; undefined while nobody does. */
  port: number | undefined;
  /** It reads requests and answers none. */
  silent = false;
  #changedAt = new Date();

  /** @param earlier the one whose volume it has */
  constructor(readonly pod: DataPlanePod, earlier?: Instance) {
    this.position = earlier?.position ?? 0n;
    this.unclean = earlier?.unclean ?? false;
    this.needsRewind = earlier?.needsRewind ?? false;
  }

  get id(): PoolerId {
    return { cell: this.pod.cell, name: this.pod.serviceId ?? this.pod.name };
  }

  /** Its PostgreSQL runs and accepts connections. */
  get ready(): boolean {
    return this.phase === "active" && this.initialisedAt !== undefined && this.resignedAt === undefined;
  }

  /** It can be elected. */
  get electable(): boolean {
    return this.ready && this.leads === undefined && !this.needsRewind;
  }

  enter(phase: Phase, now: number): void {
    this.phase = phase;
    this.since = now;
    this.#changedAt = new Date();
    if (phase === "active") return;
    this.initialisedAt = undefined;
    this.resignedAt = undefined;
    this.leads = undefined;
    this.streamsSince = undefined;
    this.streamsAt = undefined;
  }

  /** Ends without a word. */
  die(now: number): void {
    if (this.leads !== undefined) this.unclean = true;
    this.enter("dead", now);
  }

  /** Stops leading, and starts again as a standby. */
  resign(now: number): void {
    this.leads = undefined;
    this.resignedAt = now;
  }

  /** The record as it would write it now; undefined while it writes none. */
  record(hostname: string): Uint8Array | undefined {
    const { phase, port } = this;
    if (phase === "waiting" || phase === "dead") return undefined;
    const [status, reason] = lifecycles[phase];
    const record = create(MultipoolerSchema, {
      id: { component: Component.MULTIPOOLER, ...this.id },
      shardKey: this.pod.shard,
      hostname,
      portMap: { grpc: port ?? 0, http: 15200, postgres: POSTGRES_PORT, pgbackrest: 8432 },
      servingStatus: this.ready ? Serving.SERVING : Serving.DISABLED,
      lifecycleStatus: { status, reason, updated: timestampFromDate(this.#changedAt) },
      ...(phase === "stopped" || phase === "starting" ? {} : { routingState: this.#routing() }),
    });
    return toBinary(MultipoolerSchema, record);
  }

  #routing() {
    if (this.leads === undefined) return { role: RoutingRole.REPLICA };
    const { term, subterm } = this.leads;
    return { role: RoutingRole.PRIMARY, rule: { coordinatorTerm: term, leaderSubterm: subterm } };
  }
}
