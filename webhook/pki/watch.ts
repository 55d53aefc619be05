/** The four objects that the webhook's certificates are made of, each watched by its name alone. */
import { fromData } from "../../certs/pem.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { type Secret, Secrets } from "../../kube/kinds.ts";
import { parseFieldTree } from "../../kube/owned_fields.ts";
import type { Random } from "../../kube/random.ts";
import { Reflector } from "../../kube/reflector.ts";
import type { Resource } from "../../kube/resource.ts";
import { compareVersions, keyOf, Store } from "../../kube/store.ts";
import type { Frozen, KubeObject, ObjectKey } from "../../kube/types.ts";
import { present } from "../../resolve/present.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { RuntimeMetrics } from "../../telemetry/metrics.ts";
import type { KeyPair } from "../server.ts";
import {
  type HookConfiguration,
  hookConfigurations,
  type HookTrust,
  isAskedOfCertManager,
  type Ownership,
  ownershipIn,
  trustOf,
} from "./bundles.ts";
import type { Versions } from "./maintain.ts";
import { authoritySecretName, type Place, servingSecretName } from "./place.ts";

export interface WatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
  readonly place: Place;
  readonly onChange: () => void;
}

/** A configuration that is there. */
export interface SeenConfiguration {
  readonly name: string;
  readonly kind: string;
  readonly trust: readonly HookTrust[];
  readonly askedOfCertManager: boolean;
  readonly ownership: Ownership;
}

export class PkiWatch {
  readonly #options: WatchOptions;
  readonly #follows: readonly Follow<KubeObject>[];
  readonly #secrets: readonly Follow<Secret>[];
  readonly #configurations: readonly Follow<HookConfiguration>[];

  constructor(options: WatchOptions) {
    this.#options = options;
    const { namespace } = options.place;
    this.#secrets = [
      this.#follow(Secrets, { namespace, name: authoritySecretName }, withoutKeys),
      this.#follow(Secrets, { namespace, name: servingSecretName }),
    ];
    this.#configurations = hookConfigurations.map(({ resource, name }) => this.#follow(resource, { name }));
    this.#follows = [...this.#secrets, ...this.#configurations];
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#follows.map(({ reflector }) => reflector.run(signal)));
  }

  /** Whether it is known of each object that it is there, or not, or that it cannot be seen. */
  isSettled(): boolean {
    return this.#follows.every(({ reflector }) => reflector.state.kind !== "starting");
  }

  /** Why something cannot be seen, in a sentence; undefined when all can. */
  blindness(): string | undefined {
    const states = this.#follows.map(({ reflector }) => reflector.state);
    return states.map((state) => "message" in state ? state.message : undefined).find(Boolean);
  }

  /**
   * Whether the world is another than it was in a look that saw these. A watch may be behind that look, but never for long;
   * what cannot be seen counts as unchanged.
   */
  differsFrom(versions: Versions): boolean {
    return this.#follows.some(({ key, store, reflector }) => {
      if (reflector.state.kind !== "synced") return false;
      const version = store.get(keyOf(key))?.metadata.resourceVersion;
      const before = versions[key.name];
      if (version === undefined || before === undefined) return version !== before;
      return compareVersions(version, before) > 0;
    });
  }

  secrets(): Frozen<Secret>[] {
    return this.#secrets.flatMap(found);
  }

  /** What stands in the Secret of the certificate. */
  pair(): KeyPair | undefined {
    const data = this.secrets().find(({ metadata }) => metadata.name === servingSecretName)?.data;
    const certificate = fromData(data?.["tls.crt"]);
    const key = fromData(data?.["tls.key"]);
    return certificate === undefined || key === undefined ? undefined : { certificate, key };
  }

  configurations(): SeenConfiguration[] {
    return this.#configurations.flatMap((follow) =>
      found(follow).map((object) => ({
        name: object.metadata.name,
        kind: object.kind,
        trust: trustOf(object),
        askedOfCertManager: isAskedOfCertManager(object),
        ownership: ownershipIn(parseFieldTree(follow.store.entry(keyOf(follow.key))?.owned.main)),
      }))
    );
  }

  #follow<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    trim: (object: T) => T = (object) => object,
  ): Follow<T> {
    const { client, clock, random, log, metrics, onChange } = this.#options;
    const store = new Store<T>({ fieldManager: resource.fieldManager ?? client.fieldManager, trim });
    const { name, namespace } = key;
    const selection = { fields: `metadata.name=${name}`, ...present({ namespace }) };
    store.subscribe(onChange);
    const shared = { client, clock, random, log, metrics };
    const reflector = new Reflector<T>({ ...shared, resource, selection, store, onState: onChange });
    return { key, store, reflector };
  }
}

/** One object that is watched. */
interface Follow<T extends KubeObject> {
  readonly key: ObjectKey;
  readonly store: Pick<Store<T>, "get" | "entry">;
  readonly reflector: Pick<Reflector<T>, "run" | "state">;
}

function found<T extends KubeObject>({ key, store }: Follow<T>): Frozen<T>[] {
  const object = store.get(keyOf(key));
  return object === undefined ? [] : [object];
}

/** The keys of the authority are nothing that the main program needs. */
function withoutKeys(secret: Secret): Secret {
  const { "ca.crt": bundle } = secret.data ?? {};
  return { ...secret, data: bundle === undefined ? {} : { "ca.crt": bundle } };
}
