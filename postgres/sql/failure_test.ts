import assert from "node:assert/strict";
import { isAboutStatement, SqlError } from "./errors.ts";
import { failureOf, failureOfState, sqlErrorOf } from "./failure.ts";

Deno.test("a SQLSTATE means what its class means, unless it has a meaning of its own", () => {
  const states = {
    "08006": "broken",
    "28P01": "auth",
    "28000": "auth",
    "40001": "conflict",
    "53300": "overloaded",
    "57P03": "unreachable",
    "57014": "timeout",
    "25006": "read-only",
    "3D000": "missing",
    "2BP01": "dependent",
    "55006": "conflict",
    "42601": "refused",
    "XX000": "refused",
  };
  assert.deepEqual(
    Object.fromEntries(Object.keys(states).map((state) => [state, failureOfState(state)])),
    states,
  );
});

Deno.test("an error without a SQLSTATE is about the certificate or about the connection", () => {
  const thrown = (code: string) => Object.assign(new Error("x"), { code });
  assert.deepEqual(failureOf(thrown("ECONNREFUSED"), false), { failure: "unreachable" });
  assert.deepEqual(failureOf(thrown("ECONNRESET"), true), { failure: "broken" });
  assert.deepEqual(failureOf(thrown("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), false), { failure: "untrusted" });
  assert.deepEqual(failureOf(thrown("CERT_HAS_EXPIRED"), false), { failure: "untrusted" });
  assert.deepEqual(failureOf(new Error("The server does not support SSL connections"), false), {
    failure: "untrusted",
  });
});

Deno.test("an error tells what was being done, what the server said, and its hint", () => {
  const thrown = Object.assign(new Error("no such thing"), {
    code: "42704",
    severity: "ERROR",
    hint: "make it",
  });
  const error = sqlErrorOf(thrown, "Cannot ask db:5432", true);
  assert.equal(error.message, "Cannot ask db:5432: no such thing (make it)");
  assert.deepEqual([error.failure, error.sqlState], ["refused", "42704"]);
  assert.equal(sqlErrorOf(error, "Cannot ask again", true), error);
});

Deno.test("only what is about one statement lets others go on", () => {
  const about = (failure: ConstructorParameters<typeof SqlError>[0]) =>
    isAboutStatement(new SqlError(failure, "x"));
  assert.deepEqual([about("refused"), about("conflict"), about("dependent")], [true, true, true]);
  assert.deepEqual([about("broken"), about("fenced"), about("read-only"), about("aborted")], [
    false,
    false,
    false,
    false,
  ]);
  assert.equal(isAboutStatement(new Error("x")), false);
});
