-- Everything that people decide, in one file. Times are milliseconds since 1970 UTC; lists and settings are JSON.

-- Names this store, so that an export says whence it came; a copy keeps the name.
CREATE TABLE store (id TEXT NOT NULL) STRICT;
INSERT INTO store VALUES (lower(hex(randomblob(8))));

-- Who may sign in. A person is never deleted: what they decided keeps its name.
CREATE TABLE person (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE COLLATE NOCASE,
  role       TEXT    NOT NULL CHECK (role IN ('Owner', 'Reviewer', 'Annotator')),
  password   TEXT,                          -- a salted hash; null: no password
  link       BLOB    UNIQUE,                -- SHA-256 of the token in the personal link; null: no link
  session    TEXT    NOT NULL,              -- is changed with password, link and role: sessions begun before end
  disabled   INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE project (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE COLLATE NOCASE,
  settings   TEXT    NOT NULL,              -- a ProjectSettings
  created_at INTEGER NOT NULL,
  archived   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Owners see every project; reviewers and annotators those of which they are members.
CREATE TABLE member (
  project_id INTEGER NOT NULL REFERENCES project (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  PRIMARY KEY (project_id, person_id)
) STRICT, WITHOUT ROWID;

-- A prompt whose answers are to be compared or rated.
CREATE TABLE item (
  id          INTEGER PRIMARY KEY,
  project_id  INTEGER NOT NULL REFERENCES project (id),
  kind        TEXT    NOT NULL DEFAULT 'Normal' CHECK (kind IN ('Normal', 'Check', 'Calibration')),
  prompt      TEXT    NOT NULL,             -- JSON: a text, or a list of messages {"role", "content"}
  position    REAL    NOT NULL,             -- the order in which items are given out, by the project's choice
  random      REAL    NOT NULL,             -- from 0 to 1, drawn once
  priority    REAL,                         -- the more informative, the larger; null where no model scored it
  wanted      INTEGER NOT NULL DEFAULT 1,   -- how many people are to decide
  decided     INTEGER NOT NULL DEFAULT 0,   -- how many have: no skips, no adjudication
  skipped     INTEGER NOT NULL DEFAULT 0,
  expected    TEXT,                         -- of checks and calibration: the known ranks, as in decision.ranks
  explanation TEXT,                         -- shown behind a calibration item: why
  extra       TEXT                          -- other fields of the row it came from, as a JSON object
) STRICT;
CREATE INDEX item_open ON item (project_id, position) WHERE kind = 'Normal' AND decided < wanted;
CREATE INDEX item_known ON item (project_id, kind, position) WHERE kind <> 'Normal';
CREATE INDEX item_of_project ON item (project_id, id);

CREATE TABLE answer (
  item_id INTEGER NOT NULL REFERENCES item (id),
  place   INTEGER NOT NULL,                 -- from 0, as imported
  text    TEXT    NOT NULL,                 -- JSON: a text, or a list of messages
  source  TEXT,                             -- who wrote it: a model's name, never shown to those who rank
  score   REAL,                             -- by a reward model
  PRIMARY KEY (item_id, place)
) STRICT, WITHOUT ROWID;

-- An item that was given to a person and waits for the decision. While it has not run out, it fills one of the wanted places.
CREATE TABLE lease (
  item_id    INTEGER NOT NULL REFERENCES item (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  token      TEXT    NOT NULL UNIQUE,       -- names this showing; the decision carries it, so that it counts once however often it is sent
  shown      TEXT    NOT NULL,              -- JSON: the places of the answers in the order in which they are shown
  given_at   INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (item_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_of_person ON lease (person_id);

-- What a person decided about an item. Edited in place and removed by undo; the audit trail keeps what was.
CREATE TABLE decision (
  id          INTEGER PRIMARY KEY,
  project_id  INTEGER NOT NULL REFERENCES project (id),
  item_id     INTEGER NOT NULL REFERENCES item (id),
  person_id   INTEGER NOT NULL REFERENCES person (id),
  adjudicates INTEGER NOT NULL DEFAULT 0,   -- 1: by a reviewer, in the place of the votes
  token       TEXT    NOT NULL UNIQUE,
  outcome     TEXT    NOT NULL CHECK (outcome IN ('Ranked', 'AllBad', 'Rated', 'Skipped')),
  ranks       TEXT,                         -- JSON: a rank for each place, 0 the best, equal for ties, null for not ranked
  strength    INTEGER,                      -- how much better: 0 to 3 of 4 levels, 1 to 3 of 7, 1 to 4 of 9; null for none and ties
  ratings     TEXT,                         -- JSON: a level from 1 for each place, null for not rated
  flags       TEXT    NOT NULL DEFAULT '[]',-- JSON: of Unsafe, Broken, PersonalData
  rationale   TEXT,
  ideal       TEXT,                         -- an answer that the person wrote
  skip_reason TEXT,
  shown       TEXT    NOT NULL,             -- as in lease
  seconds     REAL    NOT NULL,             -- time spent, idle excluded
  decided_at  INTEGER NOT NULL,
  revision    INTEGER NOT NULL DEFAULT 1,   -- grows with every edit
  UNIQUE (item_id, person_id, adjudicates)
) STRICT;
CREATE INDEX decision_of_person ON decision (project_id, person_id, id);
CREATE UNIQUE INDEX adjudication ON decision (item_id) WHERE adjudicates = 1;

-- Programs that the studio started: sampling, scoring, training.
CREATE TABLE job (
  id          INTEGER PRIMARY KEY,
  project_id  INTEGER REFERENCES project (id),
  kind        TEXT    NOT NULL,
  title       TEXT    NOT NULL,
  arguments   TEXT    NOT NULL,             -- JSON: the words behind `attune`
  folder      TEXT    NOT NULL,             -- where its log, its exit code and what it made lie
  settings    TEXT    NOT NULL DEFAULT '{}',-- JSON: what is to be done with the result
  person_id   INTEGER NOT NULL REFERENCES person (id),
  process     INTEGER,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  exit_code   INTEGER,
  error       TEXT
) STRICT;

-- Who did what and when. Nothing in it changes.
CREATE TABLE audit (
  id         INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  person_id  INTEGER REFERENCES person (id),
  project_id INTEGER REFERENCES project (id),
  action     TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  details    TEXT    NOT NULL DEFAULT '{}'  -- JSON: what was, what is
) STRICT;
CREATE INDEX audit_of_project ON audit (project_id, id);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
