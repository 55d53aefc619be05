/** What we say of settings, and what a real server says of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadCatalogue, type Setting } from "../../../postgres/catalogue/catalogue.ts";
import { configurationOf } from "../../../postgres/configuration.ts";
import { writeLine } from "../../../postgres/settings_file.ts";
import { validateText } from "../../../postgres/validate.ts";
import { objectionTo } from "../../../postgres/value.ts";
import { ground } from "../../ground/ground.ts";

const catalogue = await loadCatalogue("17");

interface Answer {
  readonly accepted: boolean;
  /** Value of the setting that was asked for, in its base unit. */
  readonly value: string;
  readonly log: string;
}

/** Lets a real server read a file, without starting, and tell one setting. */
async function ask(text: string, name = "work_mem"): Promise<Answer> {
  const folder = await Deno.makeTempDir({ dir: ground().temporary, prefix: "matriarch-settings-" });
  try {
    const file = join(folder, "our.conf");
    await Deno.writeTextFile(file, text);
    const { success, stdout, stderr } = await new Deno.Command(ground().postgres ?? "", {
      args: ["-C", name, "-D", folder, "-c", `config_file=${file}`],
      clearEnv: true,
    }).output();
    const decoder = new TextDecoder();
    return { accepted: success, value: decoder.decode(stdout).trimEnd(), log: decoder.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The locale of the baseline is in the image of the data plane, not on every machine. */
const locale = { lc_messages: "C", lc_monetary: "C", lc_numeric: "C", lc_time: "C" };

Deno.test("a server takes the file of an instance, with everything that a user may put in it", async () => {
  const { text, layers } = configurationOf({
    clusterName: "shop/app/default/0-inf",
    resources: { memoryBytes: 12 * 1024 ** 3 + 12_345, millicores: 6000, diskBytes: 50e9 },
    configMap: [["Work_Mem", "8MB"], ["log_line_prefix", "it's \\ 'so' %m\t"]],
    inline: { ...locale, "app.motto": "a\nb # 'c' \\", DateStyle: "ISO, DMY", max_connections: "0x80" },
  }, catalogue);
  const motto = await ask(text, "app.motto");
  assert.ok(motto.accepted, motto.log);
  assert.equal(motto.value, "a\nb # 'c' \\");
  assert.equal((await ask(text, "log_line_prefix")).value, "it's \\ 'so' %m\t".trimEnd());
  assert.equal((await ask(text, "max_connections")).value, "128");
  assert.equal((await ask(text, "work_mem")).value, "8192");
  assert.equal((await ask(text, "shared_buffers")).value, String(3 * 1024 ** 3 / 8192));
  const marker = "multigres.config_reload_marker";
  assert.equal((await ask(text, marker)).value, layers.get(marker)?.value);
});

/** Lines of which a reader of its own may think otherwise than the server. */
const lines = [
  ...["Work_Mem 8MB", "work_mem=8MB", "work_mem'8MB'", "work_mem 8MB # x", "work_mem 8MB#x", "work_mem+64"],
  ...["work_mem = 8 MB", "work_mem = '8 MB'", "work_mem = 1.5MB", "work_mem = '1.5MB'", "work_mem = 8mb"],
  ...["work_mem = 1e3", "work_mem = '1e3'", "work_mem = 0x400", "work_mem = 010000", "work_mem = '09'"],
  ...["work_mem =", "work_mem", "= 8MB", "work_mem == 8MB", "work_mem = 8MB 1", "work_mem = 8MB;"],
  ...["cluster_name = 'x'y", "cluster_name = 'x", 'cluster_name = "x"', "cluster_name = 'a''b'"],
  ...[
    "cluster_name = a.b",
    "cluster_name = a.b.c",
    "cluster_name = a-b",
    "cluster_name = a:/b",
    "cluster_name = 5:3",
  ],
  ...[
    "cluster_name = .5",
    "cluster_name = 5.",
    "cluster_name = .",
    "cluster_name = -",
    "cluster_name = -5x",
    "cluster_name = ä",
  ],
  ...[
    "a.b = 1",
    "a.b.c = 1",
    "a-5",
    "a/5",
    "a.5",
    "a.b-c = 1",
    "1a = 1",
    "\fwork_mem = 64",
    "nothing = 1",
    "Ä.b = 1",
  ],
  ...["block_size = 8192", "sort_mem = 9MB", "vacuum_mem = 9MB", "include_dir = 'absent'"],
  ...[
    "fsync = of",
    "fsync = o",
    "fsync = ' on'",
    "fsync = TRU",
    "wal_compression = Yes",
    "log_min_messages = debug",
  ],
  ...["deadlock_timeout = '0.5ms'", "deadlock_timeout = '0.6ms'", "checkpoint_timeout = 29500ms"],
  ...[
    "random_page_cost = nan",
    "random_page_cost = 0x10",
    "random_page_cost = 010",
    "vacuum_cost_delay = 2000us",
  ],
];

Deno.test("we read a line exactly when the server does", async () => {
  const verdicts = await Promise.all(lines.map(async (line) => {
    const { accepted, log } = await ask(line);
    const { problems } = validateText(line, "it", catalogue);
    const ours = problems.every(({ severity }) => severity !== "error");
    return ours === accepted ? [] : [`${line}: we say ${ours}, the server ${log.split("\n").at(-3)}`];
  }));
  assert.deepEqual(verdicts.flat(), []);
});

/** Settings that the server also checks against the machine, its build, or each other: there it may refuse more than we. */
const checkedFurther = new Set([
  ...[
    "bonjour",
    "default_toast_compression",
    "effective_io_concurrency",
    "max_stack_depth",
    "ssl",
    "wal_compression",
  ],
  ...["autovacuum_max_workers", "max_connections", "max_wal_senders", "max_worker_processes"],
  ...["commit_timestamp_buffers", "multixact_member_buffers", "multixact_offset_buffers", "notify_buffers"],
  ...["serializable_buffers", "subtransaction_buffers", "transaction_buffers", "vacuum_buffer_usage_limit"],
  "log_statement_stats",
]);

/** The server's log is how we learn what it refuses, so nothing may silence that. */
const checked = [...catalogue.all()].filter(({ name, type, context }) =>
  type !== "string" && context !== "internal" && name !== "log_min_messages"
);

/** Values near to what the server takes, on either side. */
function valuesFor(setting: Setting): string[] {
  switch (setting.type) {
    case "bool":
      return ["on", "OFF", "tr", "y", "n", "o", "", "2", "1", "of", "yess", " on", "on "];
    case "enum":
      return [...setting.values, ...setting.unlisted, "ON", "yes", "debug", "other", "", "1", "0"];
    case "string":
      return [];
    case "integer":
    case "real": {
      const { min, max } = setting;
      const near = [min, max, min - 1, max + 1, min - 0.4, min - 0.6, max + 0.4, max + 0.6].map(String);
      const units = ["", "B", "kB", " MB ", "TB", "kb", "us", "ms", "s", "min", "d", "x"];
      return [...near, ...units.map((unit) => `100${unit}`), "0x10", "017", "019", "1e2", "", "-", "1,5"];
    }
  }
}

Deno.test("we refuse a value exactly when the server does, of every setting that is no text", async () => {
  const rounds = Math.max(...checked.map((setting) => valuesFor(setting).length));
  const differing: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const values = checked.map((setting) => [setting, valuesFor(setting)[round] ?? "1"] as const);
    const { log } = await ask(values.map(([{ name }, value]) => `${writeLine(name, value)}\n`).join(""));
    const refused = new Set([...log.matchAll(/parameter "(\w+)"/g)].map(([, name]) => name));
    for (const [setting, value] of values) {
      const ours = objectionTo(setting, value);
      const stricter = ours === undefined && checkedFurther.has(setting.name);
      if (!stricter && (ours !== undefined) !== refused.has(setting.name)) {
        differing.push(`${setting.name} = ${JSON.stringify(value)}: ${ours}`);
      }
    }
  }
  assert.deepEqual(differing, []);
});
