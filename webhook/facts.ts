/**
 * What reviews know of the rest of the cluster. The main program tells it as it changes ({@link FactChange}); a review then
 * asks nobody, and a slow API server does not slow it down.
 */
import { CellTemplates } from "../api/multigres/cell_template.ts";
import { CoreTemplates } from "../api/multigres/core_template.ts";
import { locationNodeLabels } from "../api/multigres/location.ts";
import { MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { ShardTemplates } from "../api/multigres/shard_template.ts";
import { PostgresClusters } from "../api/smoketurner/postgres_cluster.ts";
import { PostgresUpgrades } from "../api/smoketurner/postgres_upgrade.ts";
import { isRecord } from "../kube/errors.ts";
import { Namespaces, Nodes, StorageClasses } from "../kube/kinds.ts";
import { keyOf, parseKey } from "../kube/store.ts";
import type { Frozen, KubeObject } from "../kube/types.ts";
import type { SourceFact } from "../resolve/validation/postgres_upgrade.ts";
import type { UpgradeFact } from "../resolve/validation/postgres_cluster.ts";
import type { ClusterFact } from "../resolve/validation/templates.ts";
import type { StorageClassFact } from "../resolve/validation/view.ts";
import type { NeighboursAt } from "../resolve/validation/topology_places.ts";
import { clustersAt, neighbourOf } from "../resolve/neighbours.ts";
import { readTemplates, type Templates } from "../resolve/templates.ts";

/** The kinds that reviews look at, by the plural of their names. */
export const factResources = {
  coretemplates: CoreTemplates.resource,
  celltemplates: CellTemplates.resource,
  shardtemplates: ShardTemplates.resource,
  multigresclusters: MultigresClusters.resource,
  postgresclusters: PostgresClusters.resource,
  postgresupgrades: PostgresUpgrades.resource,
  storageclasses: StorageClasses,
  nodes: Nodes,
  namespaces: Namespaces,
} as const;

export type FactKind = keyof typeof factResources;

export const factKinds: readonly FactKind[] = [
  "coretemplates",
  "celltemplates",
  "shardtemplates",
  "multigresclusters",
  "postgresclusters",
  "postgresupgrades",
  "storageclasses",
  "nodes",
  "namespaces",
];

/** One step of what is known. */
export type FactChange =
  /** An object as far as reviews look at it (see `projection.ts`). */
  | { readonly type: "object"; readonly kind: FactKind; readonly object: Frozen<KubeObject> }
  | { readonly type: "gone"; readonly kind: FactKind; readonly key: string }
  /** From here on absence means that there is none. Before, the kind is unknown. */
  | { readonly type: "known"; readonly kind: FactKind };

interface Shelf {
  known: boolean;
  readonly objects: Map<string, Frozen<KubeObject>>;
}

export class Facts {
  readonly #shelves: Readonly<Record<FactKind, Shelf>> = {
    coretemplates: emptyShelf(),
    celltemplates: emptyShelf(),
    shardtemplates: emptyShelf(),
    multigresclusters: emptyShelf(),
    postgresclusters: emptyShelf(),
    postgresupgrades: emptyShelf(),
    storageclasses: emptyShelf(),
    nodes: emptyShelf(),
    namespaces: emptyShelf(),
  };
  readonly #templates = new Map<string, Templates>();
  readonly #waiters = new Set<() => void>();
  readonly #namespaces: ReadonlySet<string> | undefined;

  /** @param namespaces that the operator watches; all when absent. Nothing is known of others. */
  constructor(namespaces?: readonly string[]) {
    this.#namespaces = namespaces === undefined ? undefined : new Set(namespaces);
  }

  covers(namespace: string): boolean {
    return this.#namespaces?.has(namespace) ?? true;
  }

  apply(changes: readonly FactChange[]): void {
    for (const change of changes) this.#take(change);
    for (const waiter of [...this.#waiters]) waiter();
  }

  #take(change: FactChange): void {
    const shelf = this.#shelves[change.kind];
    switch (change.type) {
      case "object":
        shelf.objects.set(keyOf(change.object.metadata), change.object);
        break;
      case "gone":
        shelf.objects.delete(change.key);
        break;
      case "known":
        shelf.known = true;
        break;
    }
    if (change.kind.endsWith("templates")) this.#templates.clear();
  }

  /** The kinds of these that are not known yet. */
  unknown(kinds: readonly FactKind[]): FactKind[] {
    return kinds.filter((kind) => !this.#shelves[kind].known);
  }

  /** Returns with the next change, or after `milliseconds`. */
  async nextChange(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waiter: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      waiter = resolve;
      this.#waiters.add(resolve);
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    if (waiter !== undefined) this.#waiters.delete(waiter);
  }

  /** The templates of a namespace; read once for all reviews until one changes. */
  templates(namespace: string): Templates {
    const known = this.#templates.get(namespace);
    if (known !== undefined) return known;
    const read = readTemplates(namespace, {
      CoreTemplate: this.#shelves.coretemplates.objects.values(),
      CellTemplate: this.#shelves.celltemplates.objects.values(),
      ShardTemplate: this.#shelves.shardtemplates.objects.values(),
    });
    this.#templates.set(namespace, read);
    return read;
  }

  /** The clusters of a namespace that fit their schema. */
  clusters(namespace: string): ClusterFact[] {
    return this.#in(namespace, "multigresclusters").flatMap((object) => {
      const decoded = MultigresClusters.decode(object);
      if (!decoded.ok) return [];
      const { name, deletionTimestamp } = object.metadata;
      return [{ name, spec: decoded.value.spec, deleting: deletionTimestamp !== undefined }];
    });
  }

  /** Other clusters in places of topology servers, whatever their namespace. @param but the cluster that asks. */
  neighbours(but: { readonly namespace: string; readonly name: string }): NeighboursAt | undefined {
    const { known, objects } = this.#shelves.multigresclusters;
    return known ? (place) => clustersAt(place, objects.values(), but).map(neighbourOf) : undefined;
  }

  storageClasses(): StorageClassFact[] | undefined {
    const { known, objects } = this.#shelves.storageclasses;
    return known ? [...objects.values()].map(storageClassFact) : undefined;
  }

  /** Values of the labels that locate cells. */
  nodeLabels(): Map<string, Set<string>> | undefined {
    const { known, objects } = this.#shelves.nodes;
    if (!known) return undefined;
    const values = new Map<string, Set<string>>();
    for (const label of Object.values(locationNodeLabels)) {
      const found = [...objects.values()].map((node) => node.metadata.labels?.[label]);
      values.set(label, new Set(found.filter((value) => value !== undefined)));
    }
    return values;
  }

  namespaceLabels(namespace: string): Readonly<Record<string, string>> | undefined {
    return this.#shelves.namespaces.objects.get(namespace)?.metadata.labels;
  }

  /** The PostgresUpgrades of a namespace. */
  upgrades(namespace: string): UpgradeFact[] | undefined {
    if (!this.#shelves.postgresupgrades.known) return undefined;
    return this.#in(namespace, "postgresupgrades").map((object) => {
      const source = partOf(partOf(object, "spec"), "sourceCluster");
      const sourceNamespace = textIn(source, "namespace");
      return {
        name: object.metadata.name,
        source: textIn(source, "name") ?? "",
        phase: textIn(partOf(object, "status"), "phase") ?? "Pending",
        ...(sourceNamespace === undefined || sourceNamespace === namespace ? {} : { sourceNamespace }),
      };
    });
  }

  postgresCluster(namespace: string, name: string): SourceFact | "none" | undefined {
    const { known, objects } = this.#shelves.postgresclusters;
    if (!known || !this.covers(namespace)) return undefined;
    const object = objects.get(keyOf({ namespace, name }));
    if (object === undefined) return "none";
    return {
      phase: textIn(partOf(object, "status"), "phase") ?? "Pending",
      version: textIn(partOf(object, "spec"), "version") ?? "",
    };
  }

  #in(namespace: string, kind: FactKind): Frozen<KubeObject>[] {
    const own = [...this.#shelves[kind].objects].filter(([key]) => parseKey(key).namespace === namespace);
    return own.map(([, object]) => object);
  }
}

function emptyShelf(): Shelf {
  return { known: false, objects: new Map() };
}

/** Annotations that make a StorageClass the default one, by the value `true`; the second is of old. */
export const defaultClassMarks = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

function storageClassFact({ metadata }: Frozen<KubeObject>): StorageClassFact {
  const isDefault = defaultClassMarks.some((mark) => metadata.annotations?.[mark] === "true");
  return { name: metadata.name, isDefault };
}

/** A part of an object whose shape is not known here. */
export function partOf(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

export function textIn(value: unknown, key: string): string | undefined {
  const found = partOf(value, key);
  return typeof found === "string" ? found : undefined;
}
