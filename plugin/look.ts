/** Takes pictures of clusters, live. */
import { timestamp } from "../kube/conditions.ts";
import { multigresCertificateSecrets, postgresCertificateSecrets } from "./certificates.ts";
import type { FoundCluster } from "./find.ts";
import {
  gatherMultigres,
  gatherPostgres,
  gatherSecrets,
  partsOfMultigres,
  partsOfPostgres,
} from "./gather.ts";
import { multigresPicture } from "./multigres_picture.ts";
import { readOperator } from "./operator.ts";
import { type ClusterPicture, PICTURE_VERSION, type StatusDocument } from "./picture.ts";
import { postgresPicture } from "./postgres_picture.ts";
import { Reading } from "./reading.ts";
import type { Session } from "./session.ts";

/** One cluster with everything, its certificates among it. */
export async function lookAtOne(session: Session, found: FoundCluster): Promise<StatusDocument> {
  const reading = new Reading(session.client);
  const now = session.clock.now();
  const picture = found.kind === "MultigresCluster"
    ? await multigres(reading, found.cluster, now)
    : await postgres(reading, found.cluster, now);
  return await documentOf([picture], reading, now);
}

type Found<K extends FoundCluster["kind"]> = Extract<FoundCluster, { kind: K }>["cluster"];

async function multigres(reading: Reading, cluster: Found<"MultigresCluster">, now: Date) {
  const { namespace = "" } = cluster.metadata;
  const world = await gatherMultigres(reading, { namespace });
  const parts = partsOfMultigres(cluster, world);
  const names = multigresCertificateSecrets(cluster, parts.shards.map(({ metadata }) => metadata.name));
  const secrets = await gatherSecrets(reading, namespace, names);
  return multigresPicture(cluster, parts, { secrets, now });
}

async function postgres(reading: Reading, cluster: Found<"PostgresCluster">, now: Date) {
  const { namespace = "", name } = cluster.metadata;
  const world = await gatherPostgres(reading, { namespace });
  const secrets = await gatherSecrets(reading, namespace, postgresCertificateSecrets(name));
  return postgresPicture(cluster, partsOfPostgres(cluster, world), { secrets, now });
}

/** All clusters of a namespace, or of all, without their certificates. */
export async function lookAtAll(session: Session, namespace: string | undefined): Promise<StatusDocument> {
  const reading = new Reading(session.client);
  const now = session.clock.now();
  const scope = namespace === undefined ? {} : { namespace };
  const [first, second] = await Promise.all([
    gatherMultigres(reading, scope),
    gatherPostgres(reading, scope),
  ]);
  const extra = { secrets: [], now };
  const pictures = [
    ...first.clusters.map((each) => multigresPicture(each, partsOfMultigres(each, first), extra)),
    ...second.clusters.map((each) => postgresPicture(each, partsOfPostgres(each, second), extra)),
  ];
  return await documentOf(pictures.sort(byPlace), reading, now);
}

function byPlace(a: ClusterPicture, b: ClusterPicture): number {
  const [one, other] = [a, b].map(({ namespace, name }) => `${namespace}/${name}`);
  return (one ?? "") < (other ?? "") ? -1 : 1;
}

async function documentOf(
  clusters: readonly ClusterPicture[],
  reading: Reading,
  now: Date,
): Promise<StatusDocument> {
  const operator = await readOperator(reading, now);
  return { version: PICTURE_VERSION, takenAt: timestamp(now), operator, clusters, notes: reading.notes };
}
