#!/usr/bin/python3
"""Starts Patroni with a configuration made from Spilo's environment variables.

Only what the operator sets, or what a member needs to behave as one of Spilo does: who may connect, that clients need TLS,
where database and logs are, and how the state is kept in Kubernetes.
"""
import json
import os
import socket
import subprocess
import sys
import time

import yaml

HOME = "/home/postgres"


def env(name, default=None):
    return os.environ.get(name) or default


def merged(under, over):
    """`over` laid upon `under`, map by map."""
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    result = dict(under)
    for key, value in over.items():
        result[key] = merged(under[key], value) if key in under else value
    return result


def certificate():
    """Paths of certificate, key and authority; one of our own making where none is given."""
    given = env("SSL_CERTIFICATE_FILE")
    if given:
        return given, env("SSL_PRIVATE_KEY_FILE"), env("SSL_CA_FILE")
    crt, key = HOME + "/server.crt", HOME + "/server.key"
    if not os.path.exists(key):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "30", "-subj", "/CN=spilo.dummy.org", "-keyout", key, "-out", crt],
            check=True, stderr=subprocess.DEVNULL)
        os.chmod(key, 0o600)
    return crt, key, None


def newest_server():
    return sorted(os.listdir("/usr/lib/postgresql"), key=int)[-1]


def configuration(ssl):
    data = env("PGDATA", HOME + "/pgdata/pgroot/data")
    address = env("POD_IP") or socket.gethostbyname(socket.gethostname())
    standby = env("PGUSER_STANDBY", "standby")
    cert, key, authority = ssl
    local = {
        "ssl": "on", "ssl_cert_file": cert, "ssl_key_file": key,
        "logging_collector": "on", "log_destination": "csvlog",
        "log_directory": env("PGLOG", "../pg_log"), "log_filename": "postgresql-%u.log",
        "log_truncate_on_rotation": "on", "log_file_mode": "0644",
        "unix_socket_directories": "/var/run/postgresql",
    }
    if authority:
        local["ssl_ca_file"] = authority
    stored = {
        "wal_log_hints": "on", "wal_level": "hot_standby", "hot_standby": "on", "max_connections": "100",
        "max_wal_senders": "10", "max_replication_slots": "10",
    }
    base = {
        "scope": env("SCOPE", "dummy"),
        "namespace": env("POD_NAMESPACE", "default"),
        "name": socket.gethostname(),
        "bootstrap": {
            "dcs": {
                "ttl": 30, "loop_wait": 10, "retry_timeout": 10, "maximum_lag_on_failover": 33554432,
                "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": stored},
            },
            "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
        },
        "restapi": {"listen": ":8008", "connect_address": address + ":8008"},
        "postgresql": {
            "listen": "*:5432", "connect_address": address + ":5432", "data_dir": data,
            "bin_dir": "/usr/lib/postgresql/%s/bin" % newest_server(),
            "pgpass": "/run/postgresql/pgpass",
            "use_unix_socket": True, "use_unix_socket_repl": True,
            "parameters": local,
            "authentication": {
                "superuser": {"username": env("PGUSER_SUPERUSER", "postgres"),
                              "password": env("PGPASSWORD_SUPERUSER", "zalando")},
                "replication": {"username": standby, "password": env("PGPASSWORD_STANDBY", "standby")},
            },
            "pg_hba": [
                "local all all trust",
                "host all all 127.0.0.1/32 md5",
                "host all all ::1/128 md5",
                "local replication %s trust" % standby,
                "hostssl replication %s all md5" % standby,
                *([] if env("ALLOW_NOSSL") else ["hostnossl all all all reject"]),
                "hostssl all all all md5",
            ] + (["host all all all md5"] if env("ALLOW_NOSSL") else []),
        },
    }
    if env("DCS_ENABLE_KUBERNETES_API"):
        base["kubernetes"] = {
            "labels": json.loads(env("KUBERNETES_LABELS", "{}")),
            "scope_label": env("KUBERNETES_SCOPE_LABEL", "version"),
            "role_label": env("KUBERNETES_ROLE_LABEL", "spilo-role"),
            "use_endpoints": True,
            "pod_ip": address,
            "ports": [{"port": 5432, "name": "postgresql"}],
        }
    return merged(base, yaml.safe_load(env("SPILO_CONFIGURATION", "{}")) or {})


def read(paths):
    contents = []
    for path in paths:
        with open(path, "rb") as file:
            contents.append(file.read())
    return contents


def reload_on_new_certificate(ssl, bin_dir, data):
    """Spilo looks at the files of its certificate every five minutes; so do we, but more often."""
    paths = [path for path in ssl if path]
    seen = read(paths)
    while True:
        time.sleep(5)
        try:
            now = read(paths)
        except OSError:
            continue
        if now != seen and subprocess.run([bin_dir + "/pg_ctl", "reload", "-D", data]).returncode == 0:
            seen = now


def main():
    os.makedirs("/run/postgresql", exist_ok=True)
    ssl = certificate()
    config = configuration(ssl)
    path = HOME + "/postgres.yml"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        yaml.safe_dump(config, file)
    postgres = config["postgresql"]
    os.makedirs(os.path.dirname(postgres["data_dir"]), exist_ok=True)
    # Patroni is a process of its own, so that it gets the signals, and the watch of certificates goes on beside it.
    if os.fork() == 0:
        reload_on_new_certificate(ssl, postgres["bin_dir"], postgres["data_dir"])
        sys.exit(0)
    os.environ["PATH"] = postgres["bin_dir"] + ":" + os.environ["PATH"]
    os.execv(sys.executable, [sys.executable, "-m", "patroni", path])


main()
