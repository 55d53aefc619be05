import assert from "node:assert/strict";
import { fromBinary, toJson } from "@bufbuild/protobuf";
import { encode } from "../../tests/support/topology_records.ts";
import { DatabaseSchema, QuorumType } from "../gen/clustermetadata_pb.ts";
import { databaseKey } from "../keys.ts";
import { planDatabases, type WantedDatabase } from "./databases.ts";
import { decode } from "./stored.ts";

const root = "/multigres/global";
const key = databaseKey(root, "postgres");
const plain: WantedDatabase = { name: "postgres", cells: ["zone1"] };

/** The record of a database after a plan for it was carried out, as JSON. */
function written(wanted: WantedDatabase, before?: Uint8Array): unknown {
  const entries = before === undefined ? [] : [decode(DatabaseSchema, { key, value: before, revision: 3n })];
  const databases = new Map(entries.map((entry) => ["postgres", entry]));
  const [step, ...others] = planDatabases({ root, databases, claims: [] }, [wanted], () => true);
  assert.deepEqual(others, []);
  if (step === undefined || step.write.kind === "delete") return step;
  assert.equal(step.write.kind, before === undefined ? "create" : "update");
  return toJson(DatabaseSchema, fromBinary(DatabaseSchema, step.write.value));
}

Deno.test("a database that says little gets the folder /backups and two copies", () => {
  assert.deepEqual(written(plain), {
    name: "postgres",
    cells: ["zone1"],
    backupLocation: { filesystem: { path: "/backups" } },
    bootstrapDurabilityPolicy: {
      policyName: "AT_LEAST_2",
      quorumType: "QUORUM_TYPE_AT_LEAST_N",
      requiredCount: 2,
    },
  });
});

Deno.test("an object store and encryption are told to the data plane", () => {
  const s3 = {
    bucket: "b",
    region: "r",
    endpoint: "https://s3.example",
    keyPrefix: "p",
    useEnvCredentials: true,
  };
  const record = written({ ...plain, backup: { type: "s3", s3, encryption: { secretName: "keys" } } });
  assert.deepEqual(Reflect.get(Object(record), "backupLocation"), { s3, requireInitialRepoEncryption: true });
});

Deno.test("both names of a policy lead to the one that the data plane knows, and others are refused", () => {
  const policy = (durabilityPolicy: string) =>
    Reflect.get(Object(written({ ...plain, durabilityPolicy })), "bootstrapDurabilityPolicy");
  assert.deepEqual(policy("ANY_2"), policy("AT_LEAST_2"));
  assert.deepEqual(policy("MULTI_CELL_ANY_2"), policy("MULTI_CELL_AT_LEAST_2"));
  assert.deepEqual(policy("MULTI_CELL_ANY_2"), {
    policyName: "MULTI_CELL_AT_LEAST_2",
    quorumType: "QUORUM_TYPE_MULTI_CELL_AT_LEAST_N",
    requiredCount: 2,
  });
  assert.throws(() => policy("AT_LEAST_3"), {
    failure: "invalid",
    message: /"AT_LEAST_3".*write AT_LEAST_2/,
  });
});

Deno.test("an update keeps what belongs to the data plane, and changes the kind of repository as a whole", () => {
  const before = encode(DatabaseSchema, {
    name: "postgres",
    cells: ["zone1", "zone9"],
    backupLocation: {
      location: { case: "s3", value: { bucket: "old" } },
      requireInitialRepoEncryption: true,
      authoritativeGeneration: 1n,
    },
    bootstrapDurabilityPolicy: {
      policyName: "ANY_2",
      policyVersion: 4n,
      quorumType: QuorumType.UNKNOWN,
      description: "kept",
    },
  });
  assert.deepEqual(written(plain, before), {
    name: "postgres",
    cells: ["zone1"],
    backupLocation: { filesystem: { path: "/backups" }, authoritativeGeneration: "1" },
    bootstrapDurabilityPolicy: {
      policyName: "AT_LEAST_2",
      policyVersion: "4",
      quorumType: "QUORUM_TYPE_AT_LEAST_N",
      requiredCount: 2,
      description: "kept",
    },
  });
});

Deno.test("a record that is no database is named, not overwritten", () => {
  const value = new TextEncoder().encode("not a message");
  assert.throws(() => decode(DatabaseSchema, { key, value, revision: 1n }), {
    failure: "unreadable",
    message: /databases\/postgres\/Database.*13 bytes are no Database/,
  });
});
