/** What an instance says of itself when it is asked. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  PostgresAction,
  PostgresStatus,
  type PrimaryStatusSchema,
  type StandbyReplicationStatusSchema,
  type StatusResponseSchema,
  SynchronousMethod,
} from "../../../topology/gen/multipooler_manager_pb.ts";
import { CohortEligibilitySignal, LeadershipSignal } from "../../../topology/gen/shard_rule_pb.ts";
import { sameId } from "../../../topology/poolers/instances.ts";
import { formatLsn } from "../../../topology/poolers/lsn.ts";
import { type Instance, POSTGRES_PORT } from "./instance.ts";
import { type ShardLife, streams } from "./shard_life.ts";

type Message = MessageInitShape<typeof StatusResponseSchema>;

export function statusMessage(instance: Instance, life: ShardLife, hostname: string): Message {
  const leads = instance.leads !== undefined;
  const { ready } = instance;
  return {
    status: {
      isInitialized: instance.initialisedAt !== undefined,
      hasDataDirectory: instance.initialisedAt !== undefined,
      postgresRunning: ready,
      postgresReady: ready,
      postgresStatus: stateOf(instance),
      postgresAction: instance.phase === "active" && instance.initialisedAt === undefined
        ? PostgresAction.RESTORING_FROM_BACKUP
        : PostgresAction.NONE,
      ...(ready ? { walPosition: formatLsn(instance.position) } : {}),
      ...(ready && leads ? { primaryStatus: primaryMessage(instance, life) } : {}),
      ...(ready && !leads ? { replicationStatus: standbyMessage(instance, life, hostname) } : {}),
    },
    availabilityStatus: availabilityMessage(instance, life),
    ...(ready ? { consensusStatus: consensusMessage(instance, life) } : {}),
  };
}

function stateOf({ ready, leads, initialisedAt, resignedAt }: Instance): PostgresStatus {
  if (!ready) {
    return initialisedAt === undefined && resignedAt === undefined
      ? PostgresStatus.UNKNOWN
      : PostgresStatus.STARTING;
  }
  return leads === undefined ? PostgresStatus.STANDBY : PostgresStatus.PRIMARY;
}

function primaryMessage(instance: Instance, life: ShardLife): MessageInitShape<typeof PrimaryStatusSchema> {
  const others = life.rule?.cohort.filter((id) => !sameId(id, instance.id)) ?? [];
  return {
    lsn: formatLsn(instance.position),
    ready: true,
    connectedFollowers: [...life.instances.values()].filter(streams).map(({ id }) => id),
    syncReplicationConfig: {
      synchronousMethod: SynchronousMethod.ANY,
      numSync: (life.rule?.durability?.count ?? 1) - 1,
      standbyIds: others,
    },
  };
}

function standbyMessage(
  instance: Instance,
  life: ShardLife,
  hostname: string,
): MessageInitShape<typeof StandbyReplicationStatusSchema> {
  const lsn = formatLsn(instance.position);
  const receives = streams(instance);
  return {
    lastReceiveLsn: lsn,
    lastReplayLsn: lsn,
    walReceiverStatus: receives ? "streaming" : "",
    ...(receives && life.primary !== undefined
      ? { primaryConnInfo: { host: hostname, port: POSTGRES_PORT } }
      : {}),
  };
}

function availabilityMessage(
  { id, leads, phase }: Instance,
  { rule }: ShardLife,
): Message["availabilityStatus"] {
  const led = rule?.leader !== undefined && sameId(rule.leader, id);
  const signal = led && leads === undefined ? LeadershipSignal.REQUESTING_DEMOTION : LeadershipSignal.ACTIVE;
  const eligible = phase === "active" ? CohortEligibilitySignal.ELIGIBLE : CohortEligibilitySignal.INELIGIBLE;
  return {
    ...(led ? { leadershipStatus: { leaderTerm: rule?.term ?? 0n, signal } } : {}),
    cohortEligibilityStatus: { signal: eligible },
  };
}

function consensusMessage({ id, position }: Instance, { rule }: ShardLife): Message["consensusStatus"] {
  if (rule === undefined) return { id };
  const { term, subterm, leader, cohort, durability } = rule;
  return {
    id,
    currentPosition: {
      lsn: formatLsn(position),
      position: {
        decision: {
          ruleNumber: { coordinatorTerm: term, leaderSubterm: subterm },
          ...(leader === undefined ? {} : { leaderId: leader }),
          cohortMembers: [...cohort],
          ...(durability === undefined
            ? {}
            : { durabilityPolicy: { quorumType: durability.type, requiredCount: durability.count } }),
        },
      },
    },
  };
}
