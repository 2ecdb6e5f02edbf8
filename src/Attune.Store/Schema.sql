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

-- A prompt whose answers are to be compared or rated. The texts stand behind the numbers, which are then read without them.
CREATE TABLE item (
  id          INTEGER PRIMARY KEY,
  project_id  INTEGER NOT NULL REFERENCES project (id),
  kind        TEXT    NOT NULL DEFAULT 'Normal' CHECK (kind IN ('Normal', 'Check', 'Calibration')),
  position    REAL    NOT NULL,             -- the order in which items are given out, by the project's choice
  random      REAL    NOT NULL,             -- from 0 to 1, drawn once
  priority    REAL,                         -- the more informative, the larger; null where no model scored it
  wanted      INTEGER NOT NULL DEFAULT 1,   -- how many people are to decide
  decided     INTEGER NOT NULL DEFAULT 0,   -- how many have: no skips, no adjudication
  skipped     INTEGER NOT NULL DEFAULT 0,
  held        INTEGER NOT NULL DEFAULT 0,   -- how many have it now: leases that live
  expected    TEXT,                         -- of checks and calibration: the known ranks, as in decision.ranks
  prompt      TEXT    NOT NULL,             -- JSON: a text, or a list of messages {"role", "content"}
  explanation TEXT,                         -- shown behind a calibration item: why
  extra       TEXT                          -- other fields of the row it came from, as a JSON object
) STRICT;
-- A query names this term as it stands here: SQLite turns a comparison round so that a column is left, and knows it again only then.
CREATE INDEX item_open ON item (project_id, position) WHERE kind = 'Normal' AND wanted > decided + held;
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

-- An item that was given to a person and waits for the decision. While it lives it fills one of the wanted places. One that ran out stays:
-- it lives again when its person comes back to a free place, and a decision that comes late is taken.
CREATE TABLE lease (
  item_id    INTEGER NOT NULL REFERENCES item (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  token      TEXT    NOT NULL UNIQUE,       -- names this showing; the decision carries it, so that it counts once however often it is sent
  shown      TEXT    NOT NULL,              -- JSON: the places of the answers in the order in which they are shown
  turn       INTEGER NOT NULL,              -- the person gets the least first: new ones come last, what was withdrawn comes first
  given_at   INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  live       INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (item_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_of_person ON lease (person_id, turn);
CREATE INDEX lease_live ON lease (expires_at) WHERE live = 1;

-- How far a person has come in the queue: whatever is open before this position they have seen.
CREATE TABLE reached (
  project_id INTEGER NOT NULL REFERENCES project (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  position   REAL    NOT NULL,
  PRIMARY KEY (project_id, person_id)
) STRICT, WITHOUT ROWID;

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
CREATE INDEX decision_of_person ON decision (project_id, person_id, adjudicates, id);
CREATE UNIQUE INDEX adjudication ON decision (item_id) WHERE adjudicates = 1;

-- How far a project is: its ordinary items, those with as many decisions as wanted, the decisions, and how many there will be.
CREATE TABLE progress (
  project_id INTEGER PRIMARY KEY REFERENCES project (id),
  items      INTEGER NOT NULL DEFAULT 0,
  done       INTEGER NOT NULL DEFAULT 0,
  decisions  INTEGER NOT NULL DEFAULT 0,
  wanted     INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Counts follow what they count, whoever writes it.
CREATE TRIGGER decision_is_made AFTER INSERT ON decision WHEN new.adjudicates = 0 BEGIN
  UPDATE item SET decided = decided + (new.outcome <> 'Skipped'), skipped = skipped + (new.outcome = 'Skipped') WHERE id = new.item_id;
END;
CREATE TRIGGER decision_is_changed AFTER UPDATE OF outcome ON decision
WHEN new.adjudicates = 0 AND (old.outcome = 'Skipped') <> (new.outcome = 'Skipped') BEGIN
  UPDATE item SET decided = decided + (new.outcome <> 'Skipped') - (old.outcome <> 'Skipped'),
    skipped = skipped + (new.outcome = 'Skipped') - (old.outcome = 'Skipped') WHERE id = new.item_id;
END;
CREATE TRIGGER decision_is_withdrawn AFTER DELETE ON decision WHEN old.adjudicates = 0 BEGIN
  UPDATE item SET decided = decided - (old.outcome <> 'Skipped'), skipped = skipped - (old.outcome = 'Skipped') WHERE id = old.item_id;
END;
CREATE TRIGGER lease_is_given AFTER INSERT ON lease BEGIN
  UPDATE item SET held = held + new.live WHERE id = new.item_id;
END;
CREATE TRIGGER lease_is_changed AFTER UPDATE OF live ON lease WHEN new.live <> old.live BEGIN
  UPDATE item SET held = held + new.live - old.live WHERE id = new.item_id;
END;
CREATE TRIGGER lease_is_over AFTER DELETE ON lease BEGIN
  UPDATE item SET held = held - old.live WHERE id = old.item_id;
END;
CREATE TRIGGER item_opens_again AFTER UPDATE OF decided, held ON item
WHEN old.decided + old.held >= old.wanted AND new.decided + new.held < new.wanted BEGIN
  UPDATE reached SET position = new.position WHERE project_id = new.project_id AND position > new.position
    AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = new.id AND d.person_id = reached.person_id);
END;
CREATE TRIGGER project_begins AFTER INSERT ON project BEGIN
  INSERT INTO progress (project_id) VALUES (new.id);
END;
CREATE TRIGGER item_is_added AFTER INSERT ON item WHEN new.kind = 'Normal' BEGIN
  UPDATE progress SET items = items + 1, wanted = wanted + new.wanted WHERE project_id = new.project_id;
END;
CREATE TRIGGER item_progresses AFTER UPDATE OF decided, wanted ON item WHEN new.kind = 'Normal' BEGIN
  UPDATE progress SET done = done + (new.decided >= new.wanted) - (old.decided >= old.wanted), decisions = decisions + new.decided - old.decided,
    wanted = wanted + max(new.wanted, new.decided) - max(old.wanted, old.decided) WHERE project_id = new.project_id;
END;

-- What the studio has its own program do, one command behind the other: sampling, scoring, training. What a command says and makes lies
-- in a folder named by the number; its process writes there itself who it is and how it ended, so that no death of the studio loses it.
CREATE TABLE job (
  id          INTEGER PRIMARY KEY,
  project_id  INTEGER REFERENCES project (id),
  kind        TEXT    NOT NULL CHECK (kind IN ('Sample', 'Score', 'Train')),
  title       TEXT    NOT NULL,
  commands    TEXT    NOT NULL,             -- JSON: of each command the words behind `attune`
  settings    TEXT    NOT NULL DEFAULT '{}',-- JSON: what is to be done with the result
  run         TEXT,                         -- the run that it trains, by its path below the folder of runs
  person_id   INTEGER NOT NULL REFERENCES person (id),
  step        INTEGER NOT NULL DEFAULT 0,   -- the command that runs or is next, from 0
  stops       INTEGER NOT NULL DEFAULT 0,   -- how often somebody asked it to stop
  created_at  INTEGER NOT NULL,
  started_at  INTEGER,                      -- null while it waits for those before it
  finished_at INTEGER,
  exit_code   INTEGER,
  outcome     TEXT                          -- what came of it or what went wrong, in words
) STRICT;
CREATE INDEX job_open ON job (id) WHERE finished_at IS NULL;
CREATE INDEX job_of_project ON job (project_id, id);
CREATE INDEX job_of_run ON job (run, id) WHERE run IS NOT NULL;

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
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN new.id IN (SELECT id FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
