"""The index's file: what it is called and what stands in it."""

from __future__ import annotations

from pathlib import Path

# Another form of the index is another file: two versions of the viewer on one host don't rebuild each other's.
INDEX_VERSION = 1
FILE_NAME = f"view-index-v{INDEX_VERSION}.sqlite3"

# A document of the full text is a piece of a trace: `n << DOCUMENT_BITS | piece`. The trace is found without a table.
DOCUMENT_BITS = 20

# `n` is never reused: documents of deleted traces stay in the full text, and lead nowhere.
TABLES = """\
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE traces (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  trace_id TEXT NOT NULL UNIQUE,
  last_seq INTEGER NOT NULL,
  start_us INTEGER NOT NULL,
  duration_ms REAL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  errors INTEGER NOT NULL,
  spans INTEGER NOT NULL,
  input_tokens INTEGER,
  output_tokens INTEGER,
  tokens INTEGER,
  cost_usd REAL,
  session TEXT,
  user TEXT,
  service TEXT,
  environment TEXT,
  run TEXT,
  models TEXT NOT NULL
);
-- With what the list is filtered by, so that a trace that does not fit is passed over without reading its line.
CREATE INDEX traces_by_start ON traces (start_us, n, duration_ms, cost_usd);
CREATE INDEX traces_by_duration ON traces (duration_ms, n);
CREATE INDEX traces_by_cost ON traces (cost_usd, n);
CREATE INDEX traces_by_tokens ON traces (tokens, n);

CREATE TABLE headers (n INTEGER PRIMARY KEY, documents INTEGER NOT NULL, header TEXT NOT NULL);

CREATE TABLE spans (
  n INTEGER NOT NULL,
  span_id TEXT NOT NULL,
  parent_id TEXT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  outcome TEXT,
  start_us INTEGER,
  end_us INTEGER,
  duration_ms REAL,
  model TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  total_tokens INTEGER,
  cost_usd REAL,
  session TEXT,
  PRIMARY KEY (n, span_id)
) WITHOUT ROWID;

-- What a trace can be filtered by (status, kind, model, session, service, run, ...), newest last.
CREATE TABLE facets (
  facet TEXT NOT NULL, value TEXT NOT NULL, start_us INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (facet, value, start_us, n)
) WITHOUT ROWID;
CREATE INDEX facets_of_trace ON facets (n);

-- The same, summed: a line for each run, session, model, ...
CREATE TABLE groups (
  facet TEXT NOT NULL, value TEXT NOT NULL,
  traces INTEGER NOT NULL, failing INTEGER NOT NULL, spans INTEGER NOT NULL,
  tokens INTEGER NOT NULL, cost_usd REAL NOT NULL,
  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
  PRIMARY KEY (facet, value)
) WITHOUT ROWID;
CREATE INDEX groups_newest ON groups (facet, last_us);

-- Model requests, summed over slots of time of several widths (seconds), in steps of latency.
CREATE TABLE requests (
  width INTEGER NOT NULL, slot INTEGER NOT NULL, model TEXT NOT NULL, latency INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cost_usd REAL NOT NULL,
  PRIMARY KEY (width, slot, model, latency)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE documents USING fts5 (text, content='', tokenize="unicode61 remove_diacritics 2");
"""


def index_path(home: Path) -> Path:
    """The index's file below ``home``."""
    return home / FILE_NAME
