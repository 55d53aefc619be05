/** Keeps a Shard as it should be: its pods one by one, because it is known which of them is the primary. */
import { shardClaimsFinalizer } from "../../api/multigres/annotations.ts";
import { clusterLabel, ownedSelector } from "../../api/multigres/labels.ts";
import { type Shard, Shards } from "../../api/multigres/shard.ts";
import { certificateSecrets } from "../../certs/secrets.ts";
import { Background } from "../../kube/background.ts";
import type { BackoffPolicy } from "../../kube/backoff.ts";
import { type Cache, controllerKey } from "../../kube/cache.ts";
import type { Controller, Outcome, ReconcileContext } from "../../kube/controller.ts";
import { deploymentIndex, deploymentsOfPod } from "../../kube/deployment_pods.ts";
import {
  ConfigMaps,
  Deployments,
  Nodes,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Services as KubeServices,
  StorageClasses,
} from "../../kube/kinds.ts";
import type { Statement } from "../../kube/conditions.ts";
import { patch, type Step } from "../../kube/plan.ts";
import { keyOf } from "../../kube/store.ts";
import { trimNode, trimPod } from "../../kube/trim.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { loadCatalogue, multigresMajor } from "../../postgres/catalogue/catalogue.ts";
import type { BackupEntry } from "../../topology/poolers/answers.ts";
import { appliedNotice } from "../applied_notice.ts";
import { isInternalCertificate } from "../components/internal_certificate.ts";
import { joined, outcomeOf, soonest } from "../outcome.ts";
import { isRemovalAsked } from "../removal.ts";
import type { Services } from "../services.ts";
import { restOfOwn } from "../status_rest.ts";
import { backupLook } from "./backup_look.ts";
import { backupFinding, isRecent } from "./backups.ts";
import { claimSteps } from "./bootstrap_claim.ts";
import { callerOf } from "./calls.ts";
import {
  addressOfShard,
  type Look,
  lookAnew,
  lookAt,
  type LookProgress,
  lookTools,
  reachInstances,
} from "./data_plane.ts";
import { poolProblems } from "./desired_pod.ts";
import { finalize } from "./finalize.ts";
import { FindingsTold } from "./findings_told.ts";
import { infrastructure, repository } from "./infrastructure.ts";
import { carryOutLife, claimsFirst, createdNotice } from "./life_acts.ts";
import { lifeModelOf } from "./life_model.ts";
import { decideLife } from "./life/decide.ts";
import { claimIndex, clusterOf, type Observation, observe, shardsOfClaim } from "./observe.ts";
import { keepPgbackrest } from "./pgbackrest.ts";
import { referencedText, trimConfigMap, usersOfConfigMap } from "./referenced_text.ts";
import { configurationFor, type ShardConfiguration } from "./settings.ts";
import { secretStatements } from "./secrets.ts";
import { stamps } from "./stamps.ts";
import { findingsToTell, nextLookSeconds, noticesOf, type Pass, statusOf } from "./status.ts";
import { classesOf, usersOfClass } from "./storage_classes.ts";
import { isLookTooEarly } from "./registration.ts";
import { poolViews } from "./view.ts";

const own = { labels: ownedSelector };

/** Reads of the data plane that failed are tried again soon: what they tell is needed by all else. */
const LOOK_BACKOFF: BackoffPolicy = { firstMs: 2_000, capMs: 20_000, jitter: 0.2 };
/** Time alone makes the pods of instances due, when their certificate nears its end: a matter of days. */
const CERTIFICATE_SECONDS = 43_200;

/** What the controller keeps of each shard between two reconciles: answers that others gave. */
export interface Memory {
  readonly looks: Background<Look>;
  readonly texts: Background<string | undefined>;
  readonly backups: Background<BackupEntry | undefined>;
  /** What is missing of the Secrets that users bring. */
  readonly secrets: Background<Statement[]>;
  readonly told: FindingsTold;
}

export interface Means {
  readonly services: Services;
  readonly memory: Memory;
  readonly key: string;
}

export function shardController(services: Services): Controller<Shard> {
  const memory: Memory = {
    looks: new Background(LOOK_BACKOFF),
    texts: new Background(LOOK_BACKOFF),
    backups: new Background({ ...LOOK_BACKOFF, capMs: 600_000 }),
    secrets: new Background(LOOK_BACKOFF),
    told: new FindingsTold(),
  };
  const backgrounds = [memory.looks, memory.texts, memory.backups, memory.secrets];
  const meansOf = (object: Frozen<KubeObject>): Means => ({ services, memory, key: keyOf(object.metadata) });
  return {
    name: "shard",
    statusRestMs: restOfOwn,
    watched: { resource: Shards.resource },
    owns: [
      { resource: Pods, ...own, trim: trimPod, indexes: deploymentIndex },
      { resource: Deployments, ...own },
      { resource: KubeServices, ...own },
      { resource: PodDisruptionBudgets, ...own },
      certificateSecrets,
    ],
    sources: [
      { watched: { resource: Pods, ...own }, keys: ownersOfPod },
      {
        watched: { resource: PersistentVolumeClaims, labels: clusterLabel, indexes: claimIndex },
        keys: shardsOfClaim,
      },
      { watched: certificateSecrets, keys: usersOfCertificate },
      { watched: { resource: ConfigMaps, trim: trimConfigMap }, keys: shardsOfConfigMap },
      { watched: { resource: StorageClasses, optional: true }, keys: usersOfClass },
      { watched: { resource: Nodes, optional: true, trim: trimNode }, keys: shardsOnNode },
    ],
    wakes: backgrounds,
    decode: (raw) => Shards.decode(raw),
    reconcile: (shard, context) => reconcile(shard, meansOf(shard), context),
    finalize: (raw, context) => finalize(raw, meansOf(raw), context),
    forget: (key) => [...backgrounds, memory.told].forEach((each) => each.forget(key)),
  };
}

async function reconcile(shard: Shard & Stored, means: Means, context: ReconcileContext): Promise<Outcome> {
  const { services, memory, key } = means;
  const { instancesFrom } = await import("./read_instances.ts");
  const first = observe(shard, context, services.telemetry);
  const address = addressOfShard(first.view);
  const looking = lookTools(means, context.cache, shard.metadata.uid);
  const progress = lookAt(address, looking, context);
  const look = progress.kind === "done" ? progress.result : undefined;
  const configuration = await configurationOfShard(shard, first, means, context);
  const observeNow = observer(
    context.cache,
    () => withSettings(observe(shard, context, services.telemetry), configuration),
  );
  const before = observeNow();

  const now = context.clock.now();
  const instances = instancesFrom({ seen: before, progress, now, evidenceSeconds: services.evidenceSeconds });
  const backups = backupFinding(
    shard,
    backupLook(look, { background: memory.backups, services, key, address }, context),
    now,
  );
  const modelNow = () => {
    const backupHealthy = isRecent(backups);
    return lifeModelOf({ seen: observeNow(), instances, backupHealthy, cache: context.cache, now });
  };
  const classes = classesOf(before, context.cache);
  const calls = { address, services, context, look, expected: configuration.expected };
  const acting = { observe: observeNow, calls, classes };

  const isStaying = !isRemovalAsked(shard);
  const begun = await context.act([...finalizer(shard), ...isStaying ? repository(before) : []]);
  const volumes = await carryOutLife(claimsFirst(before, modelNow), acting, context);
  const certified = isStaying ? await keepPgbackrest(before, context) : undefined;
  const steps = isStaying ? [...certified?.steps ?? [], ...infrastructure(before)] : [];
  const prepared = await context.act(steps);
  const model = modelNow();
  const decision = decideLife(model);
  const lived = await carryOutLife(decision.actions, acting, context);
  const claims = await claimSteps(before, look, context);
  const tended = await context.act([...stamps(observeNow()), ...claims], callerOf(calls));
  const acted = reachInstances(joined([lived, tended]).written, look, looking) ||
    isLookTooEarly(observeNow(), look, now);
  if (acted) lookAnew(address, looking, context);

  const pass: Pass = {
    seen: observeNow(),
    model,
    decision,
    instances,
    configuration,
    problems: poolViews(before.view).flatMap(poolProblems).slice(0, 1),
    classes,
    backups,
    result: joined([begun, volumes, prepared, lived, tended]),
    looking: lookingAfter(progress, acted),
    statements: [
      ...certified?.statements ?? [],
      ...secretStatements(before, { background: memory.secrets, key }, context),
    ],
  };
  services.drifts.note(key, model.pods);
  tell(pass, means, context);
  return soonest(await conclude(shard, pass, context), certified?.checkAfterSeconds ?? 0);
}

/** What a pass did and found, but for what its status tells. */
function tell(pass: Pass, { memory, key }: Means, { record }: ReconcileContext): void {
  const { written } = pass.result;
  const findings = pass.looking === "no" ? memory.told.notices(key, findingsToTell(pass)) : [];
  const made = [...createdNotice(written), ...appliedNotice(pass.seen.view.owner.status, written)];
  for (const notice of [...findings, ...made]) record(notice);
}

/**
 * | the look                         | looking |
 * | -------------------------------- | ------- |
 * | has not ended for the first time | first   |
 * | may not tell of what was done    | again   |
 * | otherwise                        | no      |
 */
function lookingAfter(progress: LookProgress, acted: boolean): Pass["looking"] {
  if (progress.kind === "pending") return "first";
  return acted || (progress.kind === "done" && progress.outdated) ? "again" : "no";
}

async function conclude(shard: Shard & Stored, pass: Pass, context: ReconcileContext): Promise<Outcome> {
  const waited = soonest(outcomeOf(pass.result), pass.decision.wait?.seconds ?? 0);
  const outcome = soonest(waited, pass.seen.view.instanceCertificate === undefined ? 0 : CERTIFICATE_SECONDS);
  // What was seen a moment ago is better than nothing: it stands until the look that is under way has ended.
  const isSaid = shard.status?.phase !== undefined;
  if (pass.looking !== "no" && isSaid && pass.result.kind !== "failed") return outcome;
  // Before the status is made: what time alone changes between the two must lead to another look, and not be passed over.
  const dueSeconds = nextLookSeconds(pass, context.clock.now());
  const status = statusOf(pass, context.clock);
  await context.writeStatus(status, noticesOf(shard, status, pass));
  return soonest(outcome, dueSeconds);
}

function finalizer(shard: Shard & Stored): Step[] {
  const finalizers = shard.metadata.finalizers ?? [];
  if (finalizers.includes(shardClaimsFinalizer)) return [];
  return [patch(Shards.resource, shard, { metadata: { finalizers: [...finalizers, shardClaimsFinalizer] } })];
}

async function configurationOfShard(
  shard: Shard & Stored,
  { view, recorded }: Observation,
  { memory, key }: Means,
  context: ReconcileContext,
): Promise<ShardConfiguration> {
  return configurationFor({
    shard,
    cluster: shard.metadata.labels?.[clusterLabel],
    referenced: referencedText(view, { background: memory.texts, key }, context),
    before: recorded,
    catalogue: await loadCatalogue(multigresMajor),
  });
}

/** Looks again only when something has changed. */
function observer(cache: Cache, look: () => Observation): () => Observation {
  let seen: { readonly changes: number; readonly observation: Observation } | undefined;
  return () => {
    if (seen?.changes !== cache.changes) seen = { changes: cache.changes, observation: look() };
    return seen.observation;
  };
}

function withSettings(seen: Observation, { settings }: ShardConfiguration): Observation {
  return { ...seen, view: { ...seen.view, config: settings } };
}

/** Pods of orchestrators lead to their Deployment, and that to the shard. */
function ownersOfPod(pod: Frozen<KubeObject>, cache: Cache): string[] {
  return deploymentsOfPod(pod).flatMap((key) => {
    const deployment = cache.store(Deployments).get(key);
    const owner = deployment === undefined ? undefined : controllerKey(deployment, Shards.resource);
    return owner === undefined ? [] : [owner];
  });
}

function shardsOfConfigMap(configMap: Frozen<KubeObject>, cache: Cache): string[] {
  const owner = controllerKey(configMap, Shards.resource);
  return owner === undefined ? usersOfConfigMap(configMap, cache) : [owner];
}

/** Shards whose orchestrators or instances prove themselves by this certificate. */
function usersOfCertificate(secret: Frozen<KubeObject>, cache: Cache): string[] {
  return [...cache.store(Shards.resource).values()].filter((shard) => {
    const { namespace = "default" } = shard.metadata;
    return (["multiorch", "multipooler"] as const).some((component) =>
      isInternalCertificate(secret, { component, cluster: clusterOf(shard), namespace })
    );
  }).map(({ metadata }) => keyOf(metadata));
}

/** A node that does not report any more concerns those who have pods on it; one that does is no news. */
function shardsOnNode(node: Frozen<KubeObject>, cache: Cache): string[] {
  const known = cache.get(Nodes, { name: node.metadata.name });
  const ready = known?.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return [];
  return [...cache.store(Pods).values()].filter(({ spec }) => spec?.nodeName === node.metadata.name)
    .flatMap((pod) => controllerKey(pod, Shards.resource) ?? []);
}
