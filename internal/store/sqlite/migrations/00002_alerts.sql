-- +goose Up

-- Alerting. As before, times are Unix nanoseconds and a server column marks what
-- erasing a server has to cover. A body is the JSON of a word of package uptime;
-- columns beside it are what queries need.

-- One row is one change of an incident or a drift; exactly one of the two is
-- set. AUTOINCREMENT: a place is never given twice, not even after pruning.
CREATE TABLE news (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant   TEXT    NOT NULL,
    server   INTEGER NOT NULL REFERENCES servers (num),
    incident TEXT    REFERENCES incidents (id) ON DELETE CASCADE,
    drift    TEXT    REFERENCES drifts (id) ON DELETE CASCADE,
    kind     TEXT    NOT NULL DEFAULT '',
    recorded INTEGER NOT NULL,
    CHECK ((incident IS NULL) <> (drift IS NULL))
) STRICT;

CREATE INDEX news_by_server ON news (server);
CREATE INDEX news_by_incident ON news (incident) WHERE incident IS NOT NULL;
CREATE INDEX news_by_drift ON news (drift) WHERE drift IS NOT NULL;

CREATE TABLE alerts (
    tenant   TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    server   INTEGER REFERENCES servers (num),
    opened   INTEGER,
    resolved INTEGER,
    body     TEXT    NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX alerts_by_server ON alerts (server) WHERE server IS NOT NULL;
CREATE INDEX alerts_open ON alerts (tenant, key) WHERE resolved IS NULL;

-- With a rowid: the body of a storm's thread has tens of kilobytes.
CREATE TABLE threads (
    num    INTEGER PRIMARY KEY,
    tenant TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER,
    over   INTEGER NOT NULL,
    body   TEXT    NOT NULL,
    UNIQUE (tenant, key)
) STRICT;

CREATE INDEX threads_by_time ON threads (tenant, opened, key);
CREATE INDEX threads_going ON threads (num) WHERE over = 0;

-- Which alerts a thread tells of; their order is in its body.
CREATE TABLE thread_members (
    tenant TEXT    NOT NULL,
    thread TEXT    NOT NULL,
    alert  TEXT    NOT NULL,
    server INTEGER REFERENCES servers (num),
    PRIMARY KEY (tenant, thread, alert),
    FOREIGN KEY (tenant, thread) REFERENCES threads (tenant, key) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX thread_members_by_alert ON thread_members (tenant, alert);
CREATE INDEX thread_members_by_server ON thread_members (server) WHERE server IS NOT NULL;

-- digest stands for the whole row: what was decided twice is kept once.
CREATE TABLE decisions (
    tenant  TEXT    NOT NULL,
    alert   TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    digest  INTEGER NOT NULL,
    server  INTEGER REFERENCES servers (num),
    thread  TEXT    NOT NULL,
    stage   TEXT    NOT NULL,
    sink    TEXT    NOT NULL,
    outcome TEXT    NOT NULL,
    text    TEXT    NOT NULL,
    PRIMARY KEY (tenant, alert, at, digest),
    FOREIGN KEY (tenant, alert) REFERENCES alerts (tenant, key) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX decisions_by_server ON decisions (server) WHERE server IS NOT NULL;

-- The outbox. notice is plain JSON: erasing a server searches it.
CREATE TABLE deliveries (
    num        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    tenant     TEXT    NOT NULL,
    thread     TEXT    NOT NULL,
    sink       TEXT    NOT NULL,
    transition INTEGER NOT NULL,
    phase      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'dead', 'superseded')),
    created    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    trying     INTEGER NOT NULL DEFAULT 0,
    tried      INTEGER,
    ended      INTEGER,
    error      TEXT    NOT NULL DEFAULT '',
    notice     TEXT    NOT NULL,
    UNIQUE (tenant, thread, sink, transition),
    FOREIGN KEY (tenant, thread) REFERENCES threads (tenant, key) ON DELETE CASCADE
) STRICT;

-- deliveries_waiting answers what is due without reading a row of deliveries.
CREATE INDEX deliveries_waiting ON deliveries (tenant, sink, thread, transition, due) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (tenant, sink) WHERE state = 'dead';
CREATE INDEX deliveries_by_time ON deliveries (tenant, created, id);
CREATE INDEX deliveries_by_sink ON deliveries (tenant, sink, created, id);

-- What a service calls the message of a thread.
CREATE TABLE delivery_refs (
    tenant TEXT NOT NULL,
    thread TEXT NOT NULL,
    sink   TEXT NOT NULL,
    ref    TEXT NOT NULL,
    PRIMARY KEY (tenant, thread, sink),
    FOREIGN KEY (tenant, thread) REFERENCES threads (tenant, key) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- How the newest deliveries of a sink ended.
CREATE TABLE sink_ends (
    tenant TEXT NOT NULL,
    sink   TEXT NOT NULL,
    sent   INTEGER,
    error  TEXT NOT NULL,
    PRIMARY KEY (tenant, sink)
) STRICT, WITHOUT ROWID;

CREATE TABLE silences (
    tenant   TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    slugs    TEXT    NOT NULL,
    grouping TEXT    NOT NULL,
    alert    TEXT    NOT NULL,
    starts   INTEGER NOT NULL,
    ends     INTEGER NOT NULL,
    author   TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE proofs (
    tenant   TEXT    NOT NULL,
    sink     TEXT    NOT NULL,
    address  TEXT    NOT NULL,
    method   TEXT    NOT NULL,
    verified INTEGER,
    due      INTEGER,
    code     TEXT    NOT NULL,
    expires  INTEGER,
    tries    INTEGER NOT NULL,
    stopped  INTEGER,
    failed   TEXT    NOT NULL,
    PRIMARY KEY (tenant, sink)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    tenant      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    sealed      BLOB    NOT NULL,
    fingerprint TEXT    NOT NULL,
    slugs       TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    confirmed   INTEGER,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, fingerprint)
) STRICT, WITHOUT ROWID;

-- The data key of a tenant, wrapped by a key that is not in the database.
CREATE TABLE tenant_keys (
    tenant  TEXT NOT NULL PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_log_by_time ON audit_log (tenant, at);

-- What is open while alerting begins is news to it.
INSERT INTO news (tenant, server, incident, kind, recorded)
SELECT tenant, server, id, 'opened', unixepoch() * 1000000000 FROM incidents
WHERE closed IS NULL AND demo = 0 ORDER BY opened, id;

INSERT INTO news (tenant, server, drift, recorded)
SELECT tenant, server, id, unixepoch() * 1000000000 FROM drifts
WHERE accepted IS NULL AND reverted IS NULL AND demo = 0 ORDER BY detected, id;

-- What was sealed before is not: that a server was degraded last week is nobody's
-- alarm today. What lasts is told with the next verdict.
INSERT INTO cursors (name, seq)
SELECT 'alert', seq FROM (
    SELECT max(coalesce((SELECT max(last) FROM sealed), 0), coalesce((SELECT seq FROM cursors WHERE name = 'folded'), 0)) AS seq
) WHERE seq > 0;
