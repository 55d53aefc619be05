/** The rules of PostgresDatabase and PostgresUpgrade, each with an object that passes and one that does not. */
import { type Manifest, RuleCases } from "../../support/rule_cases.ts";

/** `database` is a valid PostgresDatabase with all parts of a spec. */
export function databaseRules(database: Manifest): RuleCases {
  const rules = new RuleCases(database);
  const longest = "a".repeat(63);
  for (const path of ["spec.database.name", "spec.roles[0].name"]) {
    rules.keyword(path, "maxLength", { accepted: longest, refused: `${longest}a` });
    for (const refused of ["Billing", "9lives", "_x", "a-b", ""]) {
      rules.keyword(path, "pattern", { accepted: "a_1", refused });
    }
  }
  for (const name of ["postgres", "template0", "template1"]) {
    rules.cel(
      "spec.database",
      "Cannot manage a database that every server brings along (postgres, template0, template1): choose another name",
      { accepted: { "spec.database.name": `${name}x` }, refused: { "spec.database.name": name } },
    );
  }
  rules
    .needs("spec", "spec.clusterRef", "spec.clusterRef.name")
    .needs("spec.database", "spec.database.name", "spec.database.owner")
    .needs("spec.roles[0].name", "spec.roles[0].secretName", "spec.grants[0].role")
    .keyword("spec.clusterRef.name", "minLength", { accepted: "c", refused: "" })
    .keyword("spec.database.owner", "minLength", { accepted: "Any Role", refused: "" })
    .keyword("spec.database.owner", "maxLength", { accepted: longest, refused: `${longest}a` })
    .keyword("spec.roles[0].secretName", "minLength", { accepted: "s", refused: "" })
    .bounds("spec.database.connectionLimit", -1)
    .bounds("spec.roles[0].connectionLimit", -1);
  const attributes = [
    "CREATEDB",
    "CREATEROLE",
    "SUPERUSER",
    "LOGIN",
    "REPLICATION",
    "BYPASS_RLS",
    "BYPASSRLS",
  ];
  for (const word of attributes) {
    words(rules, "spec.roles[0].privileges", word, "OWNER");
  }
  const privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "ALL"];
  for (const word of privileges) words(rules, "spec.grants[0].privileges", word, "USAGE");
  rules.cel(
    "",
    "Cannot create a database with so long a name as it would not fit into the label of its Secrets: use at most " +
      "63 characters",
    { accepted: { "metadata.name": "a".repeat(63) }, refused: { "metadata.name": "a".repeat(64) } },
  );
  return rules;
}

/** A word in a list: the field to blame is its first item. */
function words(rules: RuleCases, path: string, accepted: string, refused: string): void {
  rules.within({ [path]: [accepted] }).keyword(`${path}[0]`, "enum", { accepted, refused });
}

/** `upgrade` is a valid PostgresUpgrade with all parts of a spec. */
export function upgradeRules(upgrade: Manifest): RuleCases {
  const rules = new RuleCases(upgrade);
  rules
    .needs("spec", "spec.sourceCluster", "spec.sourceCluster.name", "spec.targetVersion")
    .words("spec.targetVersion", ["15", "16", "17"], "14")
    .bounds("spec.targetClusterOverrides.replicas", 1, 100)
    .words("spec.strategy.strategyType", ["BlueGreen"], "InPlace")
    .words("spec.strategy.cutover.mode", ["Manual", "Automatic"], "Never")
    .bounds("spec.strategy.preChecks.maxReplicationLagSeconds", 0)
    .bounds("spec.strategy.preChecks.rowCountTolerance", 0)
    .bounds("spec.strategy.preChecks.minVerificationPasses", 1);
  for (const name of ["limits.cpu", "limits.memory", "requests.cpu", "requests.memory"]) {
    const path = `spec.targetClusterOverrides.resources.${name}`;
    rules.keyword(path, "pattern", { accepted: "1500m", refused: "1 500m" });
  }
  for (const name of ["startTime", "endTime"]) {
    const path = `spec.strategy.cutover.allowedWindow.${name}`;
    rules.needs(path);
    for (const refused of ["24:00", "7:30", "12:60", "noon"]) {
      rules.keyword(path, "pattern", { accepted: "23:59", refused });
    }
  }
  rules.cel(
    "",
    "Cannot create an upgrade with a dot in its name as the new cluster is called after it: use a hyphen",
    { accepted: { "metadata.name": "a-b" }, refused: { "metadata.name": "a.b" } },
  );
  rules.cel(
    "",
    "Cannot create an upgrade with so long a name as the new cluster is called after it: use at most 45 characters",
    { accepted: { "metadata.name": "a".repeat(45) }, refused: { "metadata.name": "a".repeat(46) } },
  );
  return rules;
}
