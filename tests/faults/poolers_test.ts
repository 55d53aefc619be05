import assert from "node:assert/strict";
import { systemClock } from "../../kube/clock.ts";
import type { PoolerTls } from "../../topology/poolers/address.ts";
import { PoolerError, type PoolerFailure } from "../../topology/poolers/errors.ts";
import { GrpcPoolerClient } from "../../topology/poolers/grpc_client.ts";
import { ownedTest } from "../ground/ground.ts";
import { createAuthority } from "../ground/pki.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { PrivateEtcd } from "../support/private_etcd.ts";

/** An etcd is a gRPC server in Go as poolers are, with the same TLS; of the service of poolers it knows nothing. */
async function failureAt(
  etcd: PrivateEtcd,
  tls: PoolerTls | undefined,
  timeoutMs = 1_500,
): Promise<PoolerError> {
  const client = new GrpcPoolerClient({ clock: systemClock, connectMs: 500, idleMs: 60_000, most: 10 });
  const address = { name: "/p", hostname: "127.0.0.1", port: etcd.layout.etcdPort };
  try {
    const asked = client.status(tls === undefined ? address : { ...address, tls }, { timeoutMs });
    const failed = await asked.then(() => undefined, (error: unknown) => error);
    assert.ok(failed instanceof PoolerError, String(failed));
    return failed;
  } finally {
    client.close();
  }
}

ownedTest(
  "a server in Go that wants certificates refuses others with TLS 1.3, and nothing spins or hangs",
  async (t) => {
    await using etcd = await PrivateEtcd.start("mutual");
    const { authority } = etcd;
    const stranger = await createAuthority();
    const own: PoolerTls = {
      caPem: authority.caPem,
      ...await authority.issueClient({ user: "operator" }),
      serverName: "localhost",
    };
    const cases: { name: string; tls: PoolerTls | undefined; failure: PoolerFailure }[] = [
      { name: "the right ones", tls: own, failure: "unimplemented" },
      {
        name: "a stranger's",
        tls: { ...own, ...await stranger.issueClient({ user: "x" }) },
        failure: "unauthenticated",
      },
      { name: "another authority", tls: { ...own, caPem: stranger.caPem }, failure: "untrusted" },
      { name: "another server name", tls: { ...own, serverName: "multipooler.a.b" }, failure: "untrusted" },
      { name: "no TLS", tls: undefined, failure: "broken" },
    ];
    const before = await etcd.openFiles();
    for (const { name, tls, failure } of cases) {
      await t.step(name, async () => {
        for (let turn = 0; turn < 20; turn++) {
          const begun = performance.now();
          const failed = await failureAt(etcd, tls);
          assert.equal(failed.failure, failure, failed.message);
          assert.ok(performance.now() - begun < 500);
        }
      });
    }
    const few = (files: number) => files <= before + 2;
    await waitUntil("the server to see the connections end", () => etcd.openFiles(), few);
  },
);

ownedTest(
  "a server that freezes is unreachable within the time to connect, and asked again when it thaws",
  async () => {
    await using etcd = await PrivateEtcd.start();
    await etcd.freeze();
    // However busy the machine is, the time to connect ends long before that of the call.
    assert.equal((await failureAt(etcd, undefined, 10_000)).failure, "unreachable");
    etcd.thaw();
    assert.equal((await failureAt(etcd, undefined)).failure, "unimplemented");
  },
);
