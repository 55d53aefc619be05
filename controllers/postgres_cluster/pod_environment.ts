/** The environment of a member: how Spilo, and Patroni inside it, are told what to do. */
import { labelKeys, patroniIdentity } from "../../api/smoketurner/labels.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import { certificateKeys, credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { spiloConfiguration, type SpiloSettings } from "../../postgres/patroni/settings.ts";
import { backupEnvironment } from "./backup_environment.ts";
import { type EnvVar, fromField, fromSecret, plain } from "./environment.ts";
import { parametersOf } from "./parameters.ts";
import { recoverySettings } from "./pgbackrest.ts";
import { restoreEnvironment, restoreSettings } from "./restore.ts";
import { DATA_FOLDER, DATA_MOUNT, nameOf, namesOf, tlsMode } from "./shape.ts";

/** Folder of a member's certificate. */
export const TLS_MOUNT = "/tls";

/** Name of the variable that holds the settings. */
export const CONFIGURATION_VARIABLE = "SPILO_CONFIGURATION";

/** All variables of a member. Names and order are those that running members have. */
export function podEnvironment(cluster: PostgresCluster): EnvVar[] {
  return [
    ...identity(cluster),
    ...dataFolders(),
    plain("DCS_ENABLE_KUBERNETES_API", "true"),
    plain("KUBERNETES_SCOPE_LABEL", labelKeys.cluster),
    plain("KUBERNETES_ROLE_LABEL", labelKeys.role),
    plain("KUBERNETES_LABELS", JSON.stringify(patroniLabelsOf(cluster))),
    plain(CONFIGURATION_VARIABLE, spiloConfiguration(spiloSettings(cluster))),
    plain("PGPARAM_WAL_LEVEL", "logical"),
    plain("PGPARAM_MAX_WAL_SENDERS", "10"),
    plain("PGPARAM_MAX_REPLICATION_SLOTS", "10"),
    ...certificates(cluster),
    ...backupEnvironment(cluster),
    ...restoreEnvironment(cluster),
  ];
}

/** What Spilo is told beside its variables. */
export function spiloSettings(cluster: PostgresCluster): SpiloSettings {
  return {
    parameters: parametersOf(cluster),
    clone: restoreSettings(cluster),
    recovery: recoverySettings(cluster),
  };
}

/** Labels by which Patroni finds the members, and that it gives to what it makes. */
export function patroniLabelsOf(cluster: PostgresCluster): Readonly<Record<string, string>> {
  const { [labelKeys.application]: application = "", [labelKeys.cluster]: scope = "" } = patroniIdentity(
    nameOf(cluster),
  );
  return { [labelKeys.application]: application, [labelKeys.cluster]: scope };
}

function identity(cluster: PostgresCluster): EnvVar[] {
  const { credentialsSecret } = namesOf(cluster);
  return [
    plain("SCOPE", nameOf(cluster)),
    fromField("POD_IP", "status.podIP"),
    fromField("POD_NAMESPACE", "metadata.namespace"),
    plain("PGUSER_SUPERUSER", "postgres"),
    fromSecret("PGPASSWORD_SUPERUSER", credentialsSecret, credentialKeys.superuserPassword),
    plain("PGUSER_STANDBY", "standby"),
    fromSecret("PGPASSWORD_STANDBY", credentialsSecret, credentialKeys.replicationPassword),
    plain("PGROOT", "/var/lib/postgresql"),
  ];
}

/**
 * The image puts the database below the home folder of its user, whatever PGROOT says: without these variables it would be
 * on no volume, and gone with its container.
 */
function dataFolders(): EnvVar[] {
  return [plain("PGDATA", DATA_FOLDER), plain("PGLOG", `${DATA_MOUNT}/pg_log`)];
}

function certificates(cluster: PostgresCluster): EnvVar[] {
  if (tlsMode(cluster) === "off") return [];
  return [
    plain("SSL_CERTIFICATE_FILE", `${TLS_MOUNT}/${certificateKeys.certificate}`),
    plain("SSL_PRIVATE_KEY_FILE", `${TLS_MOUNT}/${certificateKeys.privateKey}`),
    plain("SSL_CA_FILE", `${TLS_MOUNT}/${certificateKeys.authority}`),
  ];
}
