import assert from "node:assert/strict";
import { internalTls, type InternalTlsUse } from "./internal_tls.ts";

const use: InternalTlsUse = {
  component: "multigateway",
  cluster: "shop",
  namespace: "ns",
  mountPath: "/etc/multigateway/tls-internal",
  volume: "tls-certs-internal",
  poolerClient: true,
};

Deno.test("without internal certificates there are no flags and nothing is mounted", () => {
  for (const config of [undefined, {}, { enabled: false }]) {
    assert.deepEqual(internalTls(config, use), { args: [], volumes: [], mounts: [] });
  }
});

Deno.test("a client of poolers proves itself to them and asks for their identity", () => {
  const folder = "/etc/multigateway/tls-internal";
  const server = [
    ...["--grpc-cert", `${folder}/tls.crt`, "--grpc-key", `${folder}/tls.key`],
    ...["--grpc-ca", `${folder}/ca.crt`, "--grpc-server-ca", `${folder}/ca.crt`],
  ];
  const parts = internalTls({ enabled: true }, use);
  assert.deepEqual(parts, {
    args: [
      ...server,
      ...["--multipooler-grpc-cert", `${folder}/tls.crt`, "--multipooler-grpc-key", `${folder}/tls.key`],
      ...["--multipooler-grpc-ca", `${folder}/ca.crt`],
      ...["--multipooler-grpc-server-name", "multipooler.shop.ns.multigres.internal"],
      "--multipooler-grpc-require-tls",
    ],
    volumes: [{
      name: "tls-certs-internal",
      secret: { secretName: "multigateway.shop.ns.multigres.internal", defaultMode: 0o444 },
    }],
    mounts: [{ name: "tls-certs-internal", mountPath: folder, readOnly: true }],
  });
  const pooler = internalTls({ enabled: true }, { ...use, component: "multipooler", poolerClient: false });
  assert.deepEqual(pooler.args, server);
  assert.equal(pooler.volumes[0]?.secret?.secretName, "multipooler.shop.ns.multigres.internal");
});
