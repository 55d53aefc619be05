import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { isTopologyDown, TopologyError } from "../errors.ts";
import { failureOfAll, failureOfCall } from "./failure.ts";

const said = (code: Code, message: string) => failureOfCall(new ConnectError(message, code), "http://e:1");

Deno.test("what etcd says is told apart by whether it would say so again", () => {
  assert.equal(said(Code.Unavailable, "etcdserver: no leader").failure, "unavailable");
  assert.equal(said(Code.Unknown, "etcdserver: leader changed").failure, "unavailable");
  assert.equal(said(Code.ResourceExhausted, "etcdserver: too many requests").failure, "unavailable");
  assert.equal(said(Code.ResourceExhausted, "etcdserver: mvcc: database space exceeded").failure, "refused");
  assert.equal(said(Code.PermissionDenied, "etcdserver: permission denied").failure, "refused");
  assert.equal(said(Code.Unauthenticated, "etcdserver: invalid auth token").failure, "unauthenticated");
  assert.equal(said(Code.OutOfRange, "required revision has been compacted").failure, "broken");
});

Deno.test("a connection that broke is no word of etcd, whatever code it comes with", () => {
  const error = new ConnectError("reset", Code.Unavailable, undefined, undefined, new Error("reset"));
  assert.equal(failureOfCall(error, "http://e:1").failure, "broken");
});

Deno.test("of several endpoints, the one that says more than that it is away decides, and all are named", () => {
  const error = failureOfAll([
    new TopologyError("unreachable", "etcd at http://a:1 cannot be reached: refused"),
    new TopologyError("untrusted", "etcd at http://b:1 has another certificate"),
  ], "read /k");
  assert.equal(error.failure, "untrusted");
  assert.match(error.message, /^Cannot read \/k as etcd at http:\/\/a:1 .*; etcd at http:\/\/b:1/);
  assert.equal(isTopologyDown(error), false);
  assert.equal(isTopologyDown(failureOfAll([], "read /k")), true);
});
