import assert from "node:assert/strict";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { QuorumType } from "../gen/clustermetadata_pb.ts";
import {
  PostgresAction,
  PostgresStatus,
  ReloadConfigResponseSchema,
  StatusResponseSchema,
} from "../gen/multipooler_manager_pb.ts";
import { CohortEligibilitySignal, LeadershipSignal } from "../gen/shard_rule_pb.ts";
import { statusOf, verdictOf } from "./decode.ts";

const status = (fields: MessageInitShape<typeof StatusResponseSchema>) =>
  statusOf(create(StatusResponseSchema, fields));
const verdict = (fields: MessageInitShape<typeof ReloadConfigResponseSchema>) =>
  verdictOf(create(ReloadConfigResponseSchema, fields));

Deno.test("a primary tells whom it leads, who confirms its commits, and whether it wants to go on", () => {
  const ids = ["p-1", "p-2"].map((name) => ({ cell: "zone1", name }));
  const seen = status({
    status: {
      postgresStatus: PostgresStatus.PRIMARY,
      postgresReady: true,
      primaryStatus: {
        lsn: "0/A",
        ready: true,
        connectedFollowers: ids,
        syncReplicationConfig: { numSync: 1, standbyIds: ids },
      },
    },
    availabilityStatus: {
      leadershipStatus: { leaderTerm: 4n, signal: LeadershipSignal.REQUESTING_DEMOTION },
      cohortEligibilityStatus: { signal: CohortEligibilitySignal.INELIGIBLE },
      suspectedDivergence: true,
    },
    consensusStatus: {
      currentPosition: {
        position: {
          decision: {
            ruleNumber: { coordinatorTerm: 4n, leaderSubterm: 2n },
            leaderId: { cell: "zone1", name: "p-0" },
            cohortMembers: ids,
            durabilityPolicy: { quorumType: QuorumType.AT_LEAST_N, requiredCount: 2 },
          },
        },
      },
    },
  });
  assert.deepEqual(seen?.asPrimary, {
    position: 10n,
    ready: true,
    followers: ids,
    synchronous: { count: 1, standbys: ids },
  });
  assert.deepEqual([seen.resigning, seen.eligible, seen.diverged], [true, false, true]);
  assert.deepEqual(seen.rule, {
    term: 4n,
    subterm: 2n,
    leader: { cell: "zone1", name: "p-0" },
    cohort: ids,
    durability: { type: QuorumType.AT_LEAST_N, count: 2 },
  });
});

Deno.test("an instance that is being restored says so, and nothing of what it does not know", () => {
  const seen = status({
    status: {
      postgresAction: PostgresAction.RESTORING_FROM_BACKUP,
      postgresActionDuration: { seconds: 90n, nanos: 500_000_000 },
    },
  });
  assert.deepEqual(seen, {
    postgres: "unknown",
    running: false,
    ready: false,
    action: "restoring",
    actionSeconds: 90.5,
    hasData: false,
    initialized: false,
    resigning: false,
    diverged: false,
  });
  assert.equal(status({}), undefined);
});

Deno.test("settings count as applied only when the load was proved and nothing differs", () => {
  const at = new Date("2026-01-02T03:04:05Z");
  const configLoadTime = timestampFromDate(at);
  const waiting = { name: "work_mem" };
  const fixed = { name: "max_connections", error: "cannot be changed now", requiresRestart: true };
  assert.deepEqual(verdict({ configLoadTime }), { kind: "applied", at });
  assert.deepEqual(verdict({}), { kind: "not_yet", settings: [] });
  assert.deepEqual(verdict({ configLoadTime, mismatches: [waiting] }), {
    kind: "not_yet",
    settings: ["work_mem"],
  });
  assert.deepEqual(verdict({ configLoadTime, mismatches: [waiting, fixed], needsRestart: true }), {
    kind: "restart_needed",
    settings: ["max_connections"],
    reason: "max_connections: cannot be changed now",
  });
});
