-- +goose Up

-- Times are Unix nanoseconds, days and minutes are counted from 1970-01-01 UTC.
-- A server column holds servers.num and marks what erasing a server has to
-- cover. Blobs are packed by this package, or are opaque to it.

CREATE TABLE tenants (
    id   TEXT NOT NULL PRIMARY KEY,
    tier TEXT NOT NULL DEFAULT 'team' CHECK (tier IN ('public', 'author', 'team', 'enterprise'))
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a num is never given twice, not even after its row is erased.
CREATE TABLE servers (
    num         INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      TEXT    NOT NULL REFERENCES tenants (id),
    id          TEXT    NOT NULL,
    slug        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    transport   TEXT    NOT NULL,
    grouping    TEXT    NOT NULL,
    description TEXT    NOT NULL,
    interval    INTEGER NOT NULL,
    regions     TEXT    NOT NULL,
    guest       INTEGER NOT NULL,
    hidden      INTEGER NOT NULL,
    paused      INTEGER NOT NULL,
    retired     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, id),
    UNIQUE (tenant, slug)
) STRICT;

CREATE TABLE windows (
    tenant   TEXT    NOT NULL REFERENCES tenants (id),
    id       TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    slugs    TEXT    NOT NULL,
    grouping TEXT    NOT NULL,
    starts   INTEGER NOT NULL,
    ends     INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- One row is one batch of sealed verdicts; members says whose they are without
-- unpacking them. verdicts comes last: reading members must not touch it.
CREATE TABLE sealed (
    last      INTEGER PRIMARY KEY,
    first     INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL,
    members   BLOB    NOT NULL,
    verdicts  BLOB    NOT NULL
) STRICT;

-- The newest verdict of each server as of the cursor "folded"; what was sealed
-- after that is in the batches.
CREATE TABLE last_verdicts (
    server  INTEGER NOT NULL PRIMARY KEY REFERENCES servers (num),
    tenant  TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    verdict TEXT    NOT NULL
) STRICT;

CREATE TABLE cursors (
    name   TEXT    NOT NULL PRIMARY KEY,
    seq    INTEGER NOT NULL,
    minute INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE segments (
    minute INTEGER PRIMARY KEY,
    cells  BLOB NOT NULL
) STRICT;

-- stat is packed: see day_stats.go, where the reason is.
CREATE TABLE probe_day (
    server INTEGER NOT NULL REFERENCES servers (num),
    day    INTEGER NOT NULL,
    tenant TEXT    NOT NULL,
    stat   BLOB    NOT NULL,
    digest BLOB    NOT NULL,
    PRIMARY KEY (server, day)
) STRICT, WITHOUT ROWID;

-- Apart from probe_day, whose rows are read all at once. With a rowid, in the
-- order of days: rows of 1.5 KB would spill from the pages of an index, and the
-- oldest days free whole pages.
CREATE TABLE day_minutes (
    num     INTEGER PRIMARY KEY,
    server  INTEGER NOT NULL REFERENCES servers (num),
    day     INTEGER NOT NULL,
    tenant  TEXT    NOT NULL,
    minutes BLOB    NOT NULL,
    UNIQUE (server, day)
) STRICT;

-- month is 12 * year + month - 1.
CREATE TABLE probe_month (
    server      INTEGER NOT NULL REFERENCES servers (num),
    month       INTEGER NOT NULL,
    tenant      TEXT    NOT NULL,
    live        INTEGER NOT NULL,
    degraded    INTEGER NOT NULL,
    down        INTEGER NOT NULL,
    unknown     INTEGER NOT NULL,
    maintenance INTEGER NOT NULL,
    slow        INTEGER NOT NULL,
    p50         INTEGER NOT NULL,
    p95         INTEGER NOT NULL,
    samples     INTEGER NOT NULL,
    demo        INTEGER NOT NULL,
    PRIMARY KEY (server, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id        TEXT    NOT NULL PRIMARY KEY,
    tenant    TEXT    NOT NULL,
    server    INTEGER NOT NULL REFERENCES servers (num),
    opened    INTEGER NOT NULL,
    detected  INTEGER,
    recovered INTEGER,
    closed    INTEGER,
    failure   TEXT    NOT NULL,
    regions   TEXT    NOT NULL,
    note      TEXT    NOT NULL,
    demo      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX incidents_by_tenant ON incidents (tenant, opened, id);
CREATE INDEX incidents_by_server ON incidents (server, opened, id);
CREATE INDEX incidents_open ON incidents (tenant, opened, id) WHERE closed IS NULL;

CREATE TABLE incident_events (
    incident TEXT    NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    tenant   TEXT    NOT NULL,
    server   INTEGER NOT NULL REFERENCES servers (num),
    cause    TEXT    NOT NULL,
    regions  TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    author   TEXT    NOT NULL,
    PRIMARY KEY (incident, at, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX incident_events_by_server ON incident_events (server);

CREATE TABLE evidence (
    num      INTEGER PRIMARY KEY,
    incident TEXT    NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    region   TEXT    NOT NULL,
    cycle    INTEGER NOT NULL,
    tenant   TEXT    NOT NULL,
    server   INTEGER NOT NULL REFERENCES servers (num),
    result   BLOB    NOT NULL,
    UNIQUE (incident, region, cycle)
) STRICT;

CREATE INDEX evidence_by_server ON evidence (server);

CREATE TABLE drifts (
    id        TEXT    NOT NULL PRIMARY KEY,
    tenant    TEXT    NOT NULL,
    server    INTEGER NOT NULL REFERENCES servers (num),
    from_hash TEXT    NOT NULL,
    to_hash   TEXT    NOT NULL,
    class     INTEGER NOT NULL,
    summary   TEXT    NOT NULL,
    changes   INTEGER NOT NULL,
    regions   TEXT    NOT NULL,
    detected  INTEGER NOT NULL,
    reverted  INTEGER,
    accepted  INTEGER,
    author    TEXT    NOT NULL,
    note      TEXT    NOT NULL,
    demo      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX drifts_by_tenant ON drifts (tenant, detected, id);
CREATE INDEX drifts_by_server ON drifts (server, detected, id);
CREATE INDEX drifts_open ON drifts (tenant, detected, id) WHERE accepted IS NULL AND reverted IS NULL;

-- pinned is the hash that an operator accepted last: no recorder that has not
-- heard of it may undo that.
CREATE TABLE baselines (
    server   INTEGER NOT NULL PRIMARY KEY REFERENCES servers (num),
    tenant   TEXT    NOT NULL,
    accepted TEXT    NOT NULL,
    shown    TEXT    NOT NULL,
    pinned   TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE contracts (
    num           INTEGER PRIMARY KEY,
    hash          TEXT    NOT NULL UNIQUE,
    contract_hash TEXT    NOT NULL,
    tools         INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    snapshot      BLOB    NOT NULL
) STRICT;

-- A contract is kept once, and seen only by the tenants whose servers show it.
CREATE TABLE contract_owners (
    tenant TEXT    NOT NULL,
    hash   TEXT    NOT NULL REFERENCES contracts (hash),
    since  INTEGER NOT NULL,
    PRIMARY KEY (tenant, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX contract_owners_by_hash ON contract_owners (hash);

CREATE TABLE audit_log (
    num    INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT    NOT NULL,
    server INTEGER REFERENCES servers (num),
    at     INTEGER NOT NULL,
    author TEXT    NOT NULL,
    action TEXT    NOT NULL,
    object TEXT    NOT NULL,
    text   TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_log_by_tenant ON audit_log (tenant, num);
CREATE INDEX audit_log_by_server ON audit_log (server);

-- +goose StatementBegin
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
