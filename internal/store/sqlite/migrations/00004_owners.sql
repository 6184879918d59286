-- +goose Up

-- Since when a server is retired; NULL for one that is not, and for one that was
-- before this column, until servers are stored the next time.
ALTER TABLE servers ADD COLUMN retired_at INTEGER;

CREATE INDEX servers_retired ON servers (tenant, retired_at) WHERE retired_at IS NOT NULL;

-- What hosts said of themselves, by scheme and host. missing is since when the file
-- of one that opted out is not there.
CREATE TABLE owner_files (
    origin  TEXT    NOT NULL PRIMARY KEY,
    asked   INTEGER NOT NULL,
    optout  INTEGER NOT NULL,
    missing INTEGER
) STRICT, WITHOUT ROWID;

-- By the file of which host the owner opted out; empty for any other way. Only what
-- a file said a file can take back.
ALTER TABLE endpoints ADD COLUMN optout_file TEXT NOT NULL DEFAULT '';

CREATE INDEX endpoints_by_optout_file ON endpoints (optout_file) WHERE optout_file <> '';

-- The log tells which opt-outs came by the file: the newest entry of each counts.
UPDATE endpoints SET optout_file = (
    SELECT CASE WHEN instr(rest, '/') > 0 THEN substr(url, 1, length(url) - length(rest) + instr(rest, '/') - 1) ELSE url END
    FROM (SELECT body ->> 'url' AS url, substr(body ->> 'url', instr(body ->> 'url', '://') + 3) AS rest))
WHERE optout = 1 AND instr(body ->> 'url', '://') > 0 AND 'owner' = (
    SELECT a.author FROM audit_log a WHERE a.object = endpoints.key AND a.action IN ('endpoint.optout', 'endpoint.optin') ORDER BY a.num DESC LIMIT 1);

INSERT INTO owner_files (origin, asked, optout) SELECT DISTINCT optout_file, 0, 1 FROM endpoints WHERE optout_file <> '';

-- Which server an endpoint was is no evidence, and would outlive the server.
UPDATE audit_targets SET body = json_remove(body, '$.server') WHERE body ->> 'server' IS NOT NULL;
