/** What we use of the driver `pg`. */
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { PeerCertificate } from "node:tls";

export interface DriverConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ssl: false | {
    readonly ca?: string;
    readonly servername: string;
    checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined;
    readonly rejectUnauthorized: true;
  };
  readonly application_name: string;
  /** Settings of the session, as on the command line of a server: `-c name=value`. */
  readonly options: string;
  /** Makes the socket that the driver then connects. */
  readonly stream: () => Socket;
}

export interface DriverClient extends EventEmitter {
  connect(): Promise<void>;
  query(
    query: { readonly text: string; readonly values?: unknown[] },
  ): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
}

declare const driver: { readonly Client: new (config: DriverConfig) => DriverClient };
export default driver;
