-- +goose Up

-- What registries list, and the audit. As before, times are Unix nanoseconds, a
-- body is the JSON of a word of package uptime, and a server column marks what
-- erasing a server has to cover. None of this belongs to a tenant.

CREATE TABLE crawls (
    id     TEXT    NOT NULL PRIMARY KEY,
    source TEXT    NOT NULL,
    state  TEXT    NOT NULL,
    began  INTEGER NOT NULL,
    body   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX crawls_by_source ON crawls (source, began);

-- The crawl of each source that was taken over last. What is listed was seen
-- then: rows that did not change are not written.
CREATE TABLE sources (
    source     TEXT    NOT NULL PRIMARY KEY,
    crawl      TEXT    NOT NULL REFERENCES crawls (id),
    seen       INTEGER NOT NULL,
    full_crawl INTEGER -- when the newest crawl of everything began
) STRICT, WITHOUT ROWID;

-- form is how the address is dialled, for the endpoint to choose from. last_seen
-- is that of rows that are gone.
CREATE TABLE listings (
    num        INTEGER PRIMARY KEY,
    source     TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    endpoint   TEXT    NOT NULL,
    form       TEXT    NOT NULL,
    transport  TEXT    NOT NULL,
    sign_in    INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    last_seen  INTEGER,
    gone       INTEGER,
    body       TEXT    NOT NULL,
    UNIQUE (source, key, url, transport)
) STRICT;

CREATE INDEX listings_by_name ON listings (name, num);
CREATE INDEX listings_by_source ON listings (source, gone, endpoint);
CREATE INDEX listings_by_endpoint ON listings (endpoint, gone);

CREATE VIRTUAL TABLE listing_search USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'trigram');

-- What became of listings: added, changed, gone, back.
CREATE TABLE listing_changes (
    listing INTEGER NOT NULL REFERENCES listings (num) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    what    TEXT    NOT NULL,
    version TEXT    NOT NULL,
    PRIMARY KEY (listing, at)
) STRICT, WITHOUT ROWID;

-- A page of a crawl that has not ended. status is here for the taking over.
CREATE TABLE staged_listings (
    crawl     TEXT    NOT NULL REFERENCES crawls (id) ON DELETE CASCADE,
    key       TEXT    NOT NULL,
    url       TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    status    TEXT    NOT NULL,
    endpoint  TEXT    NOT NULL,
    form      TEXT    NOT NULL,
    transport TEXT    NOT NULL,
    sign_in   INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    platform  TEXT    NOT NULL,
    body      TEXT    NOT NULL,
    target    TEXT    NOT NULL,
    PRIMARY KEY (crawl, key, url, transport)
) STRICT, WITHOUT ROWID;

-- sign_in, transport, form and listings are what the listings say together.
CREATE TABLE endpoints (
    key        TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    platform   TEXT    NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER,
    gone       INTEGER,
    listings   INTEGER NOT NULL DEFAULT 0,
    sign_in    INTEGER NOT NULL DEFAULT 0,
    transport  TEXT    NOT NULL DEFAULT '',
    form       TEXT    NOT NULL DEFAULT '',
    optout     INTEGER NOT NULL DEFAULT 0,
    server     INTEGER REFERENCES servers (num),
    body       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoints_by_platform ON endpoints (platform, key);
CREATE INDEX endpoints_by_server ON endpoints (server) WHERE server IS NOT NULL;

CREATE TABLE audit_runs (
    id    TEXT    NOT NULL PRIMARY KEY,
    began INTEGER NOT NULL,
    ended INTEGER,
    body  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_targets (
    run      TEXT NOT NULL REFERENCES audit_runs (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (run, endpoint)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_looks (
    run      TEXT    NOT NULL REFERENCES audit_runs (id) ON DELETE CASCADE,
    endpoint TEXT    NOT NULL,
    round    INTEGER NOT NULL,
    region   TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (run, endpoint, round, region)
) STRICT, WITHOUT ROWID;
