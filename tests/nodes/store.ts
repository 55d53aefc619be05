/** An object store that speaks S3 over TLS, for backups: a program of the first node, behind a Service of the test. */
import { join } from "node:path";
import { certificateKeys, encryptionKeys, objectStoreKeys } from "../../api/smoketurner/secret_keys.ts";
import { realNodes } from "../ground/ground.ts";
import { freePort } from "../ground/ports.ts";
import { credentialFile, write } from "../ground/nodes/control_plane.ts";
import { FIRST_ADDRESS } from "../ground/nodes/layout.ts";
import { inNetworkOf, type Machine } from "../ground/nodes/machine.ts";
import { type GuardedProcess, spawnGuarded } from "../ground/guard.ts";
import { loadAuthority } from "../ground/pki.ts";
import type { Stage } from "./stage.ts";

const NAME = "store";
const BUCKET = "backups";
const REGION = "us-east-1";
const keys = { access: "matriarch", secret: "not-a-secret-of-anybody" };

/** Where backups go and what they are encrypted with, as `spec` names them. */
export interface ObjectStore extends AsyncDisposable {
  readonly destination: Readonly<Record<string, unknown>>;
  readonly encryption: Readonly<Record<string, unknown>>;
  /** What `spec.restore.source.s3` needs besides the prefix. */
  readonly access: Readonly<Record<string, unknown>>;
  /** Keeps its connections open and answers nothing any more. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Of what a cluster keeps there, by its path. */
  prefix(path: string): string;
}

/** Starts a store that is empty, with the Secrets of its keys and its authority. */
export async function startStore(stage: Stage): Promise<ObjectStore> {
  const { folder, machines: [first], binaries } = realNodes();
  if (first === undefined) throw new Error("Cannot start an object store without a node");
  const port = freePort();
  const host = `${NAME}.${stage.namespace}.svc`;
  await certify(folder, host);
  const server = await startServer({ folder, first, program: binaries.versitygw, port });
  await writeObjects(stage, folder, port);
  const access = { region: REGION, endpoint: `https://${host}`, credentialsSecret: "store-keys" };
  return {
    destination: { type: "S3", bucket: BUCKET, path: "orders", forcePathStyle: true, ...access },
    encryption: { keySecret: "backup-key" },
    access,
    freeze: () => server.freeze(),
    thaw: () => server.signal("SIGCONT"),
    prefix: (path) => `s3://${BUCKET}/${path}`,
    [Symbol.asyncDispose]: () => server.stop("SIGTERM"),
  };
}

async function certify(folder: string, host: string): Promise<void> {
  const [certPem, keyPem] = await Promise.all(
    ["ca.crt", "ca.key"].map((name) => Deno.readTextFile(credentialFile(folder, name))),
  );
  const authority = await loadAuthority({ certPem: certPem ?? "", keyPem: keyPem ?? "" });
  const serving = await authority.issueServer([host], []);
  await write(folder, { "store.crt": serving.certPem, "store.key": serving.keyPem });
}

interface Server {
  readonly folder: string;
  readonly first: Machine;
  readonly program: string;
  readonly port: number;
}

/** Metadata stand in files of their own, as not every file system keeps attributes. */
async function startServer({ folder, first, program, port }: Server): Promise<GuardedProcess> {
  const data = join(folder, "store");
  const sidecar = join(folder, "metadata-of-store");
  await Deno.mkdir(join(data, BUCKET), { recursive: true });
  await Deno.mkdir(sidecar, { recursive: true });
  const [enter = "", ...before] = inNetworkOf(first, folder);
  const args = [
    `--port=${FIRST_ADDRESS}:${port}`,
    `--access=${keys.access}`,
    `--secret=${keys.secret}`,
    `--region=${REGION}`,
    `--cert=${credentialFile(folder, "store.crt")}`,
    `--key=${credentialFile(folder, "store.key")}`,
    "posix",
    `--sidecar=${sidecar}`,
    data,
  ];
  return spawnGuarded({
    program: enter,
    args: [...before, program, ...args],
    log: join(folder, "store.log"),
  });
}

async function writeObjects({ client, namespace }: Stage, folder: string, port: number): Promise<void> {
  const authority = await Deno.readTextFile(credentialFile(folder, "ca.crt"));
  const cipher = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  const name = "https";
  const objects = [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: NAME },
      spec: { ports: [{ name, port: 443, targetPort: port }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: NAME, labels: { "kubernetes.io/service-name": NAME } },
      addressType: "IPv4",
      ports: [{ name, port, protocol: "TCP" }],
      endpoints: [{ addresses: [FIRST_ADDRESS], conditions: { ready: true } }],
    },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "store-keys" },
      stringData: {
        [objectStoreKeys.accessKeyId]: keys.access,
        [objectStoreKeys.secretAccessKey]: keys.secret,
        [certificateKeys.authority]: authority,
      },
    },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "backup-key" },
      stringData: { [encryptionKeys.aes256]: cipher },
    },
  ];
  for (const object of objects) await client.apply(object, namespace);
}
