/** How to reach one API server, wherever that was read from. */

export interface Connection {
  /** URL of the server, for example `https://10.0.0.1:443`; a path prefix is kept. */
  readonly server: string;
  /** Certificates that the server's certificate must lead to, PEM; the system's when absent. */
  readonly caPem?: string;
  /** Client certificate and its key, PEM; both or none. */
  readonly certPem?: string;
  readonly keyPem?: string;
  /** The bearer token to send now; asked before each request, so it should be cheap. */
  readonly token?: () => Promise<string>;
  /** Namespace of the context, or of the operator's own pod. */
  readonly namespace: string;
}
