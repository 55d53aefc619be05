import assert from "node:assert/strict";
import { createLogger, type LoggerOptions } from "./log.ts";

function recording(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    format: "json",
    write: (line) => lines.push(line),
    now: () => new Date("2026-11-21T04:05:06.789Z"),
    ...options,
  });
  return { log, lines, record: (index = 0): Record<string, unknown> => JSON.parse(lines[index] ?? "null") };
}

Deno.test("a record is one JSON line with time, level and message before its fields", () => {
  const { log, lines } = recording();
  log.info("Cluster became healthy", { object: "a/b", pods: 3 });
  assert.deepEqual(lines, [
    '{"timestamp":"2026-11-21T04:05:06.789Z","level":"info","message":"Cluster became healthy","object":"a/b","pods":3}',
  ]);
});

Deno.test("records below the level are dropped and the others kept", () => {
  const { log, lines } = recording({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.deepEqual(lines.map((line) => JSON.parse(line).message), ["c", "d"]);
});

Deno.test("a derived logger carries its fields, and a record's own fields win", () => {
  const { log, record } = recording();
  log.with({ controller: "shard", attempt: 1 }).with({ object: "a/b" }).info("x", { attempt: 2 });
  assert.deepEqual(
    [record()["controller"], record()["object"], record()["attempt"]],
    ["shard", "a/b", 2],
  );
});

Deno.test("an error shows name, message, stack and cause", () => {
  const { log, record } = recording();
  log.error("x", { error: new TypeError("outer", { cause: new Error("inner") }) });
  const error = record()["error"];
  assert.ok(typeof error === "object" && error !== null && "stack" in error && "cause" in error);
  assert.match(String(error.stack), /TypeError: outer/);
  assert.partialDeepStrictEqual(error, { name: "TypeError", message: "outer", cause: { message: "inner" } });
});

Deno.test("stacks appear only from the chosen level on", () => {
  const { log, lines } = recording({ stacksFrom: "error" });
  log.warn("x", { error: new Error("quiet") });
  log.error("x", { error: new Error("loud") });
  assert.deepEqual(lines.map((line) => "stack" in JSON.parse(line).error), [false, true]);
});

Deno.test("no value makes the logger throw", () => {
  const { log, record, lines } = recording();
  const cycle: Record<string, unknown> = { name: "c" };
  cycle["self"] = cycle;
  const hostile = {
    get boom() {
      throw new Error("no");
    },
  };
  log.info("x", {
    cycle,
    hostile,
    big: 10n,
    none: undefined,
    nan: NaN,
    fn: parseInt,
    sym: Symbol("s"),
    nil: null,
  });
  assert.equal(lines.length, 1);
  assert.deepEqual(record(), {
    timestamp: "2026-11-21T04:05:06.789Z",
    level: "info",
    message: "x",
    cycle: { name: "c", self: "[circular]" },
    hostile: "[unreadable: no]",
    big: "10",
    nan: "NaN",
    fn: "[function parseInt]",
    sym: "Symbol(s)",
    nil: null,
  });
});

Deno.test("a writer that throws does not reach the caller", () => {
  const { log } = recording({
    write: () => {
      throw new Error("broken pipe");
    },
  });
  assert.doesNotThrow(() => log.error("x"));
});

Deno.test("a Kubernetes object is named and never dumped", () => {
  const { log, lines, record } = recording();
  const secret = { kind: "Secret", metadata: { name: "s", namespace: "n" }, data: { password: "aHVzaA==" } };
  log.info("x", { secret, list: [secret] });
  assert.deepEqual(record()["secret"], { kind: "Secret", namespace: "n", name: "s" });
  assert.ok(!lines.join().includes("aHVzaA"));
});

Deno.test("fields named after secrets are redacted at every depth", () => {
  const { log, lines } = recording();
  log.info("x", {
    token: "t0p",
    connection: { server: "s", "key-pem": "t0p", deep: { Authorization: "t0p" } },
  });
  assert.ok(!lines.join().includes("t0p"), lines.join());
  assert.match(lines.join(), /"server":"s"/);
});

Deno.test("a field cannot take the place of the record's own level or message", () => {
  const { log, record } = recording();
  log.info("true message", { message: "false", level: "error" });
  assert.partialDeepStrictEqual(record(), {
    message: "true message",
    level: "info",
    message_: "false",
    level_: "error",
  });
});

Deno.test("a huge list, a long string and a deep tree stay small", () => {
  const { log, lines } = recording();
  let tree: unknown = "leaf";
  for (let depth = 0; depth < 50; depth++) tree = { tree };
  log.info("x", { list: Array.from({ length: 100_000 }, () => 1), text: "y".repeat(1_000_000), tree });
  assert.ok((lines[0] ?? "").length < 20_000, String(lines[0]?.length));
});

Deno.test("the console form is one line even when the message holds newlines", () => {
  const { log, lines } = recording({ format: "console" });
  log.warn("first\nsecond", { pods: 3 });
  assert.deepEqual(lines, ['2026-11-21T04:05:06.789Z  WARN   first\\nsecond  {"pods":3}']);
});

Deno.test("the time is written as asked", () => {
  const { log, record } = recording({ timestamp: (now) => now.getTime() / 1000 });
  log.info("x");
  assert.equal(record()["timestamp"], 1795233906.789);
});
