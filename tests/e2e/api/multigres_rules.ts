/**
 * The CEL rules of the Multigres family: for each an object part that passes, and such that do not. Paths are relative to
 * the node which the rule stands at; the test puts the part into every place where the rule occurs.
 */
import type { Changes } from "../../support/rule_cases.ts";

export interface RuleSite {
  readonly message: string;
  /** What was stored before: a rule with this compares with the former value. */
  readonly before?: Changes;
  readonly accepted: readonly Changes[];
  readonly refused: readonly Changes[];
}

/** The node itself, as a path. */
const self = "";

const longKey = "k".repeat(64);
const filesystem = { type: "filesystem", filesystem: {} };
const s3 = { bucket: "b", region: "r" };
const external = { endpoints: ["http://etcd:2379"] };

function whole(...values: readonly unknown[]): Changes[] {
  return values.map((value) => ({ [self]: value }));
}

/** The parts of a component: settings of its own, or a template. */
function inlineOrTemplate(component: string): RuleSite[] {
  return [
    {
      message: `${component} needs spec or templateRef`,
      accepted: whole({ spec: {} }, { templateRef: "t" }),
      refused: whole({}),
    },
    {
      message: `${component} cannot have both spec and templateRef`,
      accepted: whole({ spec: {} }, { templateRef: "t" }),
      refused: whole({ spec: {}, templateRef: "t" }),
    },
  ];
}

function location(where: string): RuleSite[] {
  const only = (field: string) => ({ zoneId: undefined, [field]: "x" });
  return [
    {
      message: `${where} can have only one of zone, zoneId and region`,
      accepted: [only("zone"), only("zoneId"), only("region")],
      refused: [{ zone: "x" }, { region: "x" }, { ...only("zone"), region: "x" }, { zone: "x", region: "x" }],
    },
    {
      message: `${where} needs one of zone, zoneId and region`,
      accepted: [only("zone"), only("zoneId"), only("region")],
      refused: [{ zoneId: undefined }],
    },
  ];
}

function exclusive(
  where: string,
  fields: readonly [string, string],
  values: readonly [unknown, unknown],
): RuleSite {
  const [one, other] = fields;
  const advice = other === "overrides" ? ": write the settings into spec" : "";
  return {
    message: `${where} cannot have both ${one} and ${other}${advice}`,
    accepted: [{ [one]: values[0] }, { [other]: values[1] }],
    refused: [{ [one]: values[0], [other]: values[1] }],
  };
}

function poolNames(where: string, most: number): RuleSite {
  return {
    message: most < 62
      ? `names of pools in the ${where} must have at most ${most} characters`
      : `names of pools in the ${where} must have fewer than ${most + 1} characters`,
    accepted: whole({ ["p".repeat(most)]: {} }),
    refused: whole({ ["p".repeat(most + 1)]: {} }),
  };
}

function keptPools(where: string): RuleSite {
  return {
    message: `pools in the ${where} can be added, not removed or renamed, as data lives in them`,
    before: { [self]: { main: {}, more: {} } },
    accepted: whole({ main: {}, more: {} }, { main: {}, more: { replicasPerCell: 2 }, third: {} }),
    refused: whole({ main: {} }, { main: {}, other: {} }, {}),
  };
}

const cluster: readonly RuleSite[] = [
  {
    message: "the name of a MultigresCluster must have at most 25 characters",
    accepted: [{ "metadata.name": "n".repeat(25) }],
    refused: [{ "metadata.name": "n".repeat(26) }],
  },
  {
    message:
      "Cannot create a MultigresCluster with a dot in its name as its Services could not be called after it: use a hyphen",
    accepted: [{ "metadata.name": "n-1" }],
    refused: [{ "metadata.name": "n.1" }],
  },
  {
    message: "cells can be added, not removed or renamed, as data lives in them",
    before: { [self]: [{ name: "a", zoneId: "x" }, { name: "b", zoneId: "y" }] },
    accepted: whole([{ name: "b", region: "z" }, { name: "a", zone: "x" }, { name: "c", zoneId: "z" }]),
    refused: whole(
      [{ name: "a", zoneId: "x" }],
      [{ name: "a", zoneId: "x" }, { name: "c", zoneId: "y" }],
      [],
    ),
  },
  {
    message: "the only database must be named postgres and have default: true",
    accepted: whole([{ name: "postgres", default: true }], []),
    refused: whole([{ name: "other", default: true }], [{ name: "postgres" }], [{
      name: "postgres",
      default: false,
    }]),
  },
  {
    message: "globalTopoServer needs exactly one of etcd, external and templateRef",
    accepted: whole({ etcd: {} }, { external }, { templateRef: "t", placement: {} }),
    refused: whole({}, { placement: {} }, { etcd: {}, external }, { etcd: {}, templateRef: "t" }, {
      external,
      templateRef: "t",
    }),
  },
  ...inlineOrTemplate("multiadmin"),
  ...inlineOrTemplate("multiadminWeb"),
  exclusive("a cell", ["spec", "cellTemplate"], [{}, "t"]),
  exclusive("a cell", ["spec", "overrides"], [{}, {}]),
  ...location("a cell"),
  ...["externalGateway", "externalAdminWeb"].map((component): RuleSite => ({
    message: `annotations of ${component} must not start with multigres.com/`,
    accepted: whole({ enabled: false }, { enabled: true, annotations: { "example.com/multigres.com": "x" } }),
    refused: whole({ enabled: true, annotations: { "multigres.com/project-ref": "x" } }),
  })),
];

const databases: readonly RuleSite[] = [
  {
    message: "exactly one table group of a database must be the default",
    accepted: whole([{ name: "default", default: true }], [{ name: "a" }, {
      name: "default",
      default: true,
    }]),
    refused: whole([], [{ name: "default" }], [{ name: "default", default: false }]),
  },
  {
    message: "the default table group must be named default",
    accepted: [{ name: "default", default: true }],
    refused: [{ name: "main", default: true }],
  },
  exclusive("a shard", ["spec", "shardTemplate"], [{}, "t"]),
  exclusive("a shard", ["spec", "overrides"], [{}, {}]),
  {
    message: "a shard must be named 0-inf, as shards cannot be split yet",
    accepted: whole("0-inf"),
    refused: whole("0-8", "inf"),
  },
  poolNames("overrides of a shard", 25),
  keptPools("overrides of a shard"),
  poolNames("spec of a shard", 25),
  keptPools("spec of a shard"),
  poolNames("Shard", 62),
  poolNames("TableGroup's shards", 62),
  poolNames("template", 62),
  keptPools("template"),
  {
    message: "cells of a pool can be added, not removed, as data lives in them",
    before: { [self]: ["a", "b"] },
    accepted: whole(["b", "a"], ["a", "b", "c"]),
    refused: whole(["a"], ["a", "c"]),
  },
];

const components: readonly RuleSite[] = [
  {
    message: "keys of podAnnotations must have fewer than 64 characters, values fewer than 256",
    accepted: whole({ [longKey.slice(1)]: "v".repeat(255) }),
    refused: whole({ [longKey]: "v" }, { k: "v".repeat(256) }),
  },
  {
    message: "keys and values of podLabels must have fewer than 64 characters",
    accepted: whole({ [longKey.slice(1)]: "v".repeat(63) }),
    refused: whole({ [longKey]: "v" }, { k: "v".repeat(64) }),
  },
  ...location("a Cell"),
  {
    message: "a managed topology server needs etcd",
    accepted: whole({ etcd: {} }),
    refused: whole({}, { placement: {} }),
  },
  {
    message: "etcd replicas must be odd, as an even member more adds no fault tolerance",
    accepted: whole(1, 3, 5),
    refused: whole(2, 4),
  },
  {
    message: "endpoints of an external topology server must start with http:// or https://",
    accepted: whole(["http://a:1", "https://b:2"]),
    refused: whole(["a:1"], ["http://a:1", "etcd://b:2"], ["HTTP://a:1"]),
  },
  {
    message: "a local topology server needs etcd or external",
    accepted: whole({ etcd: {} }, { external }),
    refused: whole({}),
  },
  {
    message: "a local topology server cannot have both etcd and external",
    accepted: whole({ etcd: {} }, { external }),
    refused: whole({ etcd: {}, external }),
  },
];

const backups: readonly RuleSite[] = [
  {
    message: "a backup of type s3 needs the s3 block",
    accepted: whole({ type: "s3", s3 }, filesystem),
    refused: whole({ type: "s3" }, { type: "s3", filesystem: {} }),
  },
  {
    message: "a backup of type filesystem needs the filesystem block",
    accepted: whole(filesystem, { type: "s3", s3 }),
    refused: whole({ type: "filesystem" }, { type: "filesystem", s3 }),
  },
  {
    message: "encryption of a backup cannot be added, removed or changed, as earlier backups would be lost",
    before: { [self]: { ...filesystem, encryption: { secretName: "keys" } } },
    accepted: whole({ type: "s3", s3, encryption: { secretName: "keys" } }),
    refused: whole({ ...filesystem, encryption: { secretName: "other" } }, filesystem),
  },
  {
    message: "encryption of a backup cannot be added, removed or changed, as earlier backups would be lost",
    before: { [self]: filesystem },
    accepted: whole({ type: "s3", s3 }),
    refused: whole({ ...filesystem, encryption: { secretName: "keys" } }),
  },
  {
    message: "s3 cannot have both serviceAccountName and credentialsSecret",
    accepted: whole(
      { ...s3, serviceAccountName: "a" },
      { ...s3, credentialsSecret: "c" },
      { ...s3, serviceAccountName: "", credentialsSecret: "c" },
      { ...s3, serviceAccountName: "a", credentialsSecret: "" },
    ),
    refused: whole({ ...s3, serviceAccountName: "a", credentialsSecret: "c" }),
  },
  {
    message: "s3 cannot have both serviceAccountName and useEnvCredentials",
    accepted: whole(
      { ...s3, serviceAccountName: "a", useEnvCredentials: false },
      { ...s3, serviceAccountName: "", useEnvCredentials: true },
    ),
    refused: whole({ ...s3, serviceAccountName: "a", useEnvCredentials: true }),
  },
];

export const ruleSites: readonly RuleSite[] = [...cluster, ...databases, ...components, ...backups];
