/** The records of a data plane, in a real etcd. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  DatabaseSchema,
  ID_ComponentType as Component,
  MultipoolerSchema,
  PoolerLifecycleStatus as Lifecycle,
  ShardInitClaimSchema,
} from "../../../topology/gen/clustermetadata_pb.ts";
import {
  claimKey,
  databaseKey,
  poolerKey,
  poolersPrefix,
  type ShardKeyPath,
} from "../../../topology/keys.ts";
import type { PoolerId } from "../../../topology/poolers/answers.ts";
import { sameId } from "../../../topology/poolers/instances.ts";
import { readClaim } from "../../../topology/records/claims.ts";
import { decode } from "../../../topology/records/stored.ts";
import type { TopologyStore } from "../../../topology/store.ts";
import { put } from "../topology.ts";
import type { Instance } from "./instance.ts";
import type { Durability } from "./shard_life.ts";

export class PlaneRecords {
  /** What each pooler wrote last: it writes again only what differs, so that a stranger's mark stays until then. */
  readonly #published = new Map<Instance, string>();

  constructor(private readonly store: TopologyStore, private readonly root: string) {}

  /** Poolers whose records say SHUTDOWN, by their own word or by that of somebody else. */
  async stopped(): Promise<PoolerId[]> {
    const { entries } = await this.store.list(poolersPrefix(this.root));
    return entries.flatMap((entry) => {
      const { record: { id, lifecycleStatus } } = decode(MultipoolerSchema, entry);
      if (id === undefined || lifecycleStatus?.status !== Lifecycle.SHUTDOWN) return [];
      return [{ cell: id.cell, name: id.name }];
    });
  }

  /** What the record of a database asks for; undefined while there is none. */
  async durability(database: string): Promise<Durability | undefined> {
    const entry = await this.store.get(databaseKey(this.root, database));
    const policy = entry && decode(DatabaseSchema, entry).record.bootstrapDurabilityPolicy;
    return policy === undefined ? undefined : { type: policy.quorumType, count: policy.requiredCount };
  }

  /** Claims a shard, if nobody has. @returns whether the claim is the claimant's */
  async claim(shard: ShardKeyPath, claimant: PoolerId, members: readonly PoolerId[]): Promise<boolean> {
    const claim = await readClaim(this.store, this.root, shard);
    const claimerId = claim?.record.claimerId;
    if (claimerId !== undefined) return sameId(claimerId, claimant);
    const record = create(ShardInitClaimSchema, {
      claimerId: { component: Component.MULTIORCH, ...claimant },
      cohortMembers: members.map((id) => ({ component: Component.MULTIPOOLER, ...id })),
    });
    const value = toBinary(ShardInitClaimSchema, record);
    const { kind } = await this.store.write({ kind: "create", key: claimKey(this.root, shard), value });
    return kind === "written";
  }

  /** Overwrites whatever is there, as poolers do. */
  async publish(instance: Instance, value: Uint8Array): Promise<void> {
    const text = value.toString();
    if (this.#published.get(instance) === text) return;
    const key = poolerKey(this.root, instance.id.cell, instance.id.name);
    await put(this.store, key, value);
    this.#published.set(instance, text);
  }
}
