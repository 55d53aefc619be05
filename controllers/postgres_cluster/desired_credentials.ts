/** The Secret with the passwords of a cluster: made once, and never overwritten. */
import { standardLabels } from "../../api/smoketurner/labels.ts";
import { serviceHost } from "../../api/smoketurner/names.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import type { Applied } from "../../kube/client.ts";
import type { Secret } from "../../kube/kinds.ts";
import { childMetadata, type Cluster, nameOf, namesOf, namespaceOf, tlsMode } from "./shape.ts";

/** Length and letters of a password: 190 bits, and nothing that an URL or a shell would read as more than a letter. */
export const PASSWORD_LENGTH = 32;
export const PASSWORD_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export interface Passwords {
  readonly superuser: string;
  readonly replication: string;
}

export function desiredCredentials(cluster: Cluster, passwords: Passwords): Applied<Secret> {
  return {
    metadata: childMetadata(cluster, namesOf(cluster).credentialsSecret, standardLabels(nameOf(cluster))),
    type: "Opaque",
    stringData: {
      [credentialKeys.superuserPassword]: passwords.superuser,
      [credentialKeys.replicationPassword]: passwords.replication,
      [credentialKeys.libpqPassword]: passwords.superuser,
      [credentialKeys.connectionString]: connectionString(cluster, passwords.superuser),
    },
  };
}

/** URI of the superuser at the primary, as libpq reads it. */
export function connectionString(cluster: Cluster, password: string): string {
  const host = serviceHost(namesOf(cluster).primaryService, namespaceOf(cluster));
  const mode = tlsMode(cluster) === "off" ? "prefer" : "require";
  return `postgresql://postgres:${
    encodeURIComponent(password)
  }@${host}:${ports.postgresql.port}/postgres?sslmode=${mode}`;
}

/**
 * A password. @param random bytes that nobody can guess
 *
 * Bytes from the last, incomplete round of the alphabet are passed over, so that no letter is likelier than another.
 */
export function makePassword(random: (bytes: number) => Uint8Array): string {
  const fair = 256 - 256 % PASSWORD_ALPHABET.length;
  let password = "";
  while (password.length < PASSWORD_LENGTH) {
    for (const byte of random(PASSWORD_LENGTH)) {
      if (byte < fair && password.length < PASSWORD_LENGTH) {
        password += PASSWORD_ALPHABET[byte % PASSWORD_ALPHABET.length];
      }
    }
  }
  return password;
}
