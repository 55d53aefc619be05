/** The files of a report: objects, events and logs of a cluster's namespace, redacted. */
import { stringify } from "yaml";
import { clusterLabel, instanceLabel } from "../../api/multigres/labels.ts";
import { allKinds } from "../../api/crds.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { ApiError, isRecord } from "../../kube/errors.ts";
import {
  ConfigMaps,
  Deployments,
  Events,
  PersistentVolumeClaims,
  type Pod,
  PodDisruptionBudgets,
  Pods,
  Secrets,
  Services,
  StatefulSets,
} from "../../kube/kinds.ts";
import { defineResource, objectPath, type Resource } from "../../kube/resource.ts";
import type { KubeObject } from "../../kube/types.ts";
import { TransportError } from "../../kube/transport.ts";
import type { FoundCluster } from "../find.ts";
import { OPERATOR_NAMESPACE, operatorSelector } from "../operator.ts";
import type { StatusDocument } from "../picture.ts";
import { Reading } from "../reading.ts";
import { renderCluster, renderEnd } from "../render/cluster.ts";
import type { Session } from "../session.ts";
import { type Redact, redactObject, redactor } from "./redact.ts";
import type { TarFile } from "./tar.ts";

export interface ReportOptions {
  readonly found: FoundCluster;
  readonly document: StatusDocument;
  /** Lines of each container's log, from the end. */
  readonly lines: number;
  readonly folder: string;
}

/** What belongs to a cluster beside our kinds. */
const RESOURCES: readonly Resource[] = [
  Pods,
  StatefulSets,
  Deployments,
  Services,
  ConfigMaps,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Secrets,
  defineResource({ group: "", version: "v1", kind: "Endpoints", plural: "endpoints", namespaced: true }),
];

/** The files, and what could not be read. */
export async function collect(session: Session, options: ReportOptions): Promise<TarFile[]> {
  const reading = new Reading(session.client);
  const { found, document, folder } = options;
  const { namespace } = session;
  const scope = { namespace };
  const secrets = await reading.list(Secrets, scope);
  const redact = redactor(secrets ?? []);
  const kinds = await Promise.all(
    allKinds.map(async ({ definition }) =>
      await reading.list(defineResource({ ...definition, namespaced: true }), scope) ?? []
    ),
  );
  const objects = await Promise.all(
    RESOURCES.map(async (resource) => (await reading.list(resource, scope) ?? []).filter(belongsTo(found))),
  );
  const events = await reading.list(Events, scope) ?? [];
  const pods = await podsOf(reading, session, found);
  const logs = await Promise.all(pods.map((pod) => logsOf(session, pod, { ...options, redact })));
  const notes = [...document.notes, ...reading.notes];
  const now = new Date(document.takenAt);
  const plain = { columns: undefined, colours: false };
  const page = document.clusters.map((each) => renderCluster(each, plain, now)).join("\n");
  const texts: TarFile[] = [
    { path: "status.txt", content: redact(`${page}\n${renderEnd(document, plain)}`) },
    { path: "status.json", content: redact(JSON.stringify(document, null, 2)) },
    { path: "events.yaml", content: yaml(events, redact) },
    { path: "README.txt", content: readme(notes, secrets !== undefined) },
    ...[...kinds, ...objects].flat().map((object) => fileOf(object, redact)),
    ...logs.flat(),
  ];
  return texts.map(({ path, content }) => ({ path: `${folder}/${path}`, content }));
}

/** Objects of the cluster by their labels, or by their owner. */
function belongsTo({ cluster: { metadata: { name, uid } } }: FoundCluster): (object: KubeObject) => boolean {
  const keys = [clusterLabel, labelKeys.cluster, instanceLabel];
  return ({ metadata }) =>
    keys.some((key) => metadata.labels?.[key] === name) ||
    (metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false);
}

async function podsOf(reading: Reading, { namespace }: Session, found: FoundCluster): Promise<Pod[]> {
  const [own, operators] = await Promise.all([
    reading.list(Pods, { namespace }),
    reading.list(Pods, { namespace: OPERATOR_NAMESPACE, labels: operatorSelector }),
  ]);
  return [...(own ?? []).filter(belongsTo(found)), ...operators ?? []];
}

function fileOf(object: KubeObject, redact: Redact): TarFile {
  return {
    path: `objects/${object.kind}/${object.metadata.name.slice(0, 120)}.yaml`,
    content: yaml(object, redact),
  };
}

/** Texts are redacted before they are written as YAML, which would break them into lines. */
function yaml(value: unknown, redact: Redact): string {
  const redacted = Array.isArray(value)
    ? value.map((each) => redactObject(each, redact))
    : redactObject(value, redact);
  return stringify(redacted, { aliasDuplicateObjects: false, lineWidth: 0 });
}

type LogOptions = Pick<ReportOptions, "lines"> & { readonly redact: Redact };

/** Of each container that has begun, and of the run before where there was one. */
async function logsOf(session: Session, pod: Pod, options: LogOptions): Promise<TarFile[]> {
  const { status, metadata } = pod;
  const containers = [...status?.initContainerStatuses ?? [], ...status?.containerStatuses ?? []];
  const wanted = containers.flatMap(({ name, restartCount }) =>
    restartCount === 0
      ? [{ container: name, previous: false }]
      : [false, true].map((previous) => ({ container: name, previous }))
  );
  return await Promise.all(wanted.map(async ({ container, previous }) => ({
    path: `logs/${metadata.name}/${container}${previous ? ".previous" : ""}.log`,
    content: options.redact(await logOf(session, pod, { container, previous, lines: options.lines })),
  })));
}

interface LogWish {
  readonly container: string;
  readonly previous: boolean;
  readonly lines: number;
}

const LOG_MS = 30_000;
/** Most that is kept of one log, in bytes. */
const LOG_BYTES = 5_000_000;

async function logOf({ transport }: Session, { metadata }: Pod, wish: LogWish): Promise<string> {
  const query = new URLSearchParams({
    container: wish.container,
    previous: String(wish.previous),
    tailLines: String(wish.lines),
    limitBytes: String(LOG_BYTES),
    timestamps: "true",
  });
  const { name, namespace } = metadata;
  const key = { name, ...(namespace === undefined ? {} : { namespace }) };
  const path = `${objectPath(Pods, key, "log")}?${query}`;
  try {
    const { status, body } = await transport.request({ method: "GET", path, timeoutMs: LOG_MS });
    return status < 400 ? body : `Cannot read this log: ${messageIn(body)}\n`;
  } catch (error) {
    if (!(error instanceof TransportError) && !(error instanceof ApiError)) throw error;
    return `Cannot read this log: ${error.message}\n`;
  }
}

function messageIn(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? String(value["message"]) : body.slice(0, 500);
  } catch {
    return body.slice(0, 500);
  }
}

function readme(notes: readonly string[], secretsRead: boolean): string {
  const redaction = secretsRead
    ? "Values of the namespace's Secrets were looked for everywhere and taken out, as was what looks like a secret."
    : "The namespace's Secrets may not be read: only what looks like a secret was taken out. Look before you pass it on.";
  const lines = [
    "status.txt    the cluster as kubectl matriarch status shows it",
    "events.yaml   events of the namespace",
    "objects       objects of the cluster; of Secrets their keys alone",
    "logs          logs of its pods, and of the operator",
    "",
    `Environment variables have no values here. ${redaction}`,
    ...notes,
  ];
  return lines.map((line) => `${line}\n`).join("");
}
