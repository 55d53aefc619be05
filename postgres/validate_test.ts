import assert from "node:assert/strict";
import { loadCatalogue } from "./catalogue/catalogue.ts";
import { configurationOf } from "./configuration.ts";
import { validateTogether } from "./relations.ts";
import { validateSettings, validateText } from "./validate.ts";

const catalogue = await loadCatalogue("17");
const path = ["spec", "postgresConfig"];

/** What is wrong with settings, without the warnings. */
function errors(settings: Record<string, string>): string[] {
  return validateSettings(settings, path, catalogue)
    .flatMap(({ severity, message }) => severity === "error" ? [message] : []);
}

function only(name: string, value: string): string {
  const found = errors({ [name]: value });
  assert.equal(found.length, 1, `${name} = ${value}: ${found.join("; ")}`);
  return found[0] ?? "";
}

Deno.test("values that the server takes are fine", () => {
  const fine: [string, string][] = [
    ...["on", "OFF", "tru", "f", "of", "1", "No"].map((value) => ["fsync", value] as [string, string]),
    ...["8MB", "64", "0x400", "010000", "1.5MB", "8 MB", " 8MB ", "1e3", "2TB"].map((value) =>
      ["work_mem", value === "2TB" ? "1TB" : value] as [string, string]
    ),
    ["deadlock_timeout", "1min"],
    ["checkpoint_timeout", "30400ms"],
    ["random_page_cost", "1.1"],
    ["random_page_cost", "0x10"],
    ["vacuum_cost_delay", "2ms"],
    ["wal_compression", "ZSTD"],
    ["log_min_messages", "debug"],
    ["log_temp_files", "-1"],
    ["max_connections", "100.4"],
    ["search_path", "anything, at all"],
    ["auto_explain.log_min_duration", "whatever"],
    ["Work_Mem", "8MB"],
    ["sort_mem", "8MB"],
    ["ssl_max_protocol_version", ""],
  ];
  for (const [name, value] of fine) assert.deepEqual(errors({ [name]: value }), [], `${name} = ${value}`);
});

Deno.test("a value that the server would not take is refused, with what it takes", () => {
  const memory =
    "it is no whole number with one of the units B, kB, MB, GB, TB, upper and lower case as here";
  assert.equal(only("work_mem", "8mb"), `Cannot set work_mem to "8mb" as ${memory}`);
  assert.equal(
    only("work_mem", "1kB"),
    'Cannot set work_mem to "1kB" as it is not between 64kB and 2147483647kB',
  );
  assert.match(only("shared_buffers", "100kB"), /not between 128kB and/);
  assert.match(only("deadlock_timeout", "0.5ms"), /not between 1ms and 2147483647ms/);
  assert.match(only("random_page_cost", "nan"), /no number without a unit/);
  assert.match(only("max_connections", "1kB"), /no whole number without a unit/);
  assert.match(only("max_connections", "09"), /no whole number/);
  assert.match(only("max_connections", "9999999999"), /not between 1 and 262143/);
  assert.match(only("fsync", "o"), /neither on nor off/);
  assert.match(only("fsync", " on"), /neither on nor off/);
  assert.match(only("wal_compression", "brotli"), /none of pglz, on, off, lz4, zstd/);
  assert.match(only("cluster_name", "a\0b"), /character of code 0/);
});

Deno.test("a name that the server does not know is refused, with the one that was meant", () => {
  assert.match(
    only("wrok_mem", "8MB"),
    /PostgreSQL 17 has no such setting and would not start\. Did you mean work_mem\?$/,
  );
  assert.match(only("db_user_namespace", "on"), /no such setting.*Correct it or remove it$/);
  assert.match(only("block_size", "8192"), /nobody can set it/);
  for (const name of ["a.b.c", "a b", "", "1a", "a.1", "x='y'\nfsync"]) {
    assert.match(only(name, "1"), /one word, or two with a dot/);
  }
  assert.match(only("include", "more.conf"), /no such setting/);
});

Deno.test("settings that have another owner are refused, with the reason and what to do", () => {
  const refused = [
    ...["port", "listen_addresses", "unix_socket_directories", "data_directory", "hba_file", "ident_file"],
    ...[
      "archive_mode",
      "archive_command",
      "restore_command",
      "primary_conninfo",
      "synchronous_standby_names",
    ],
    ...["wal_level", "recovery_target_time", "recovery_target", "multigres.config_reload_marker"],
  ];
  for (const name of refused) {
    assert.match(only(name, "1"), new RegExp(`^Cannot set ${name} to "1" as .+\\. .+`));
  }
  assert.match(only("PORT", "1"), /command line/);
  assert.match(only("archive_command", "true"), /spec\.backup/);
});

Deno.test("to repeat what the operator says anyway does no harm", () => {
  assert.deepEqual(errors({ hot_standby: "on", wal_log_hints: "TRUE", full_page_writes: "1" }), []);
  assert.match(only("hot_standby", "off"), /standbys/);
});

Deno.test("what has no effect is a warning", () => {
  const [problem, ...more] = validateSettings({ synchronous_commit: "off" }, path, catalogue);
  assert.equal(problem?.severity, "warning");
  assert.equal(problem.path, "spec.postgresConfig.synchronous_commit");
  assert.deepEqual(more, []);
});

Deno.test("one setting in two spellings is refused, and problems come in the order of the names", () => {
  const problems = validateSettings({ work_mem: "1MB", Work_Mem: "2MB", port: "1" }, path, catalogue);
  assert.deepEqual(problems.map((each) => each.path), [
    "spec.postgresConfig.port",
    "spec.postgresConfig.work_mem",
  ]);
  assert.match(problems[1]?.message ?? "", /Work_Mem is the same setting/);
  assert.match(errors({ sort_mem: "1MB", work_mem: "2MB" }).join(), /sort_mem is the same setting/);
});

Deno.test("the text of a ConfigMap is checked line by line", () => {
  const checked = validateText("work_mem = 8mb\n\nport 1", "ConfigMap tuning", catalogue);
  assert.deepEqual(checked.problems.map((each) => each.path), [
    "ConfigMap tuning, line 1",
    "ConfigMap tuning, line 3",
  ]);
  const fine = validateText("Work_mem = 8MB # enough", "ConfigMap tuning", catalogue);
  assert.deepEqual([...fine.settings], [["work_mem", "8MB"]]);
  assert.deepEqual(fine.problems, []);
});

Deno.test("a text that cannot be read sets nothing", () => {
  const { settings, problems } = validateText("work_mem = 8MB\nfsync", "ConfigMap tuning", catalogue);
  assert.equal(settings.size, 0);
  assert.deepEqual(problems, [{
    severity: "error",
    path: "ConfigMap tuning, line 2",
    message: "Cannot read ConfigMap tuning, line 2 as fsync has no value; write '' for an empty one",
  }]);
});

/** Problems of settings together, as `severity path`. */
function together(inline: Record<string, string>): string[] {
  const { layers } = configurationOf({ clusterName: "c", resources: {}, inline }, catalogue);
  return validateTogether(layers).map(({ severity, path }) => `${severity} ${path}`);
}

Deno.test("settings that fit alone may not fit together", () => {
  assert.deepEqual(together({}), []);
  assert.deepEqual(together({ max_connections: "3" }), ["error postgresConfig.max_connections"]);
  assert.deepEqual(together({ reserved_connections: "58" }), ["error baseline.max_connections"]);
  assert.deepEqual(together({ max_connections: "47" }), ["warning postgresConfig.max_connections"]);
  assert.deepEqual(together({ max_connections: "48" }), []);
  assert.deepEqual(together({ min_wal_size: "16MB" }), ["error postgresConfig.min_wal_size"]);
});
