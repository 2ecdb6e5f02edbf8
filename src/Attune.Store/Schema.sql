-- All annotations, people and projects of a studio, in one file. Times are milliseconds since 1970 UTC; lists and settings are JSON.
-- A table follows those that it refers to, as PostgreSQL needs it (see Postgres/PostgresSchema.cs).
-- AUTOINCREMENT: pages, links and exports have these ids, so an id is never used again.

-- The id of this store, which is written into exports; a backup keeps it.
CREATE TABLE store (id TEXT NOT NULL) STRICT;
INSERT INTO store VALUES (lower(hex(randomblob(8))));

-- People who may sign in. A person is never deleted, since their decisions refer to them.
CREATE TABLE person (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    NOT NULL UNIQUE COLLATE NOCASE,
  role       TEXT    NOT NULL CHECK (role IN ('Owner', 'Reviewer', 'Annotator')),
  password   TEXT,                          -- a salted hash; null: no password
  link       BLOB    UNIQUE,                -- SHA-256 of the token in the personal link; null: no link
  session    TEXT    NOT NULL,              -- changes with password, link and role, which ends older sessions
  disabled   INTEGER NOT NULL DEFAULT 0,
  special    TEXT    CHECK (special IN ('Imported', 'Local', 'Judge')),   -- a SpecialPerson, or null
  created_at INTEGER NOT NULL
) STRICT;

-- Accounts at OpenID Connect providers, with which people sign in.
CREATE TABLE identity (
  issuer     TEXT    NOT NULL,
  subject    TEXT    NOT NULL,              -- identifies the account at the provider; an e-mail address does not
  person_id  INTEGER NOT NULL REFERENCES person (id),
  by_group   INTEGER NOT NULL DEFAULT 0,    -- 1: the person's role comes from groups of the provider
  created_at INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_of_person ON identity (person_id);

-- Personal access tokens, with which programs use the API as a person. A revoked token is removed.
CREATE TABLE access_token (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id  INTEGER NOT NULL REFERENCES person (id),
  name       TEXT    NOT NULL,
  hash       BLOB    NOT NULL UNIQUE,       -- SHA-256 of the token
  scopes     TEXT    NOT NULL,              -- JSON: of Read, Annotate, Import, Export, Manage
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER                        -- to the minute; null: not used yet
) STRICT;
CREATE INDEX access_token_of_person ON access_token (person_id);

-- There may be several judges.
CREATE UNIQUE INDEX special_person ON person (special) WHERE special <> 'Judge';

-- Sessions that were signed out, until their cookies are too old anyway.
CREATE TABLE ended_session (
  id         TEXT    PRIMARY KEY,
  until      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The keys of the sessions' cookies, where several studios share a PostgreSQL database. A studio with a file has them in a folder.
CREATE TABLE session_key (
  id         TEXT    PRIMARY KEY,
  xml        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE project (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    NOT NULL UNIQUE COLLATE NOCASE,
  settings   TEXT    NOT NULL,              -- a ProjectSettings
  revision   INTEGER NOT NULL DEFAULT 1,    -- grows with every change of settings and members
  unarranged INTEGER NOT NULL DEFAULT 0,    -- changes that item.wanted and item.position do not reflect yet
  created_at INTEGER NOT NULL,
  archived   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Owners see every project; reviewers and annotators see those of which they are members.
CREATE TABLE member (
  project_id INTEGER NOT NULL REFERENCES project (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  PRIMARY KEY (project_id, person_id)
) STRICT, WITHOUT ROWID;

-- Links with which people become members of a project. A revoked invitation is removed.
CREATE TABLE invitation (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES project (id),
  hash       BLOB    NOT NULL UNIQUE,       -- SHA-256 of the token in the link
  role       TEXT    NOT NULL CHECK (role IN ('Reviewer', 'Annotator')),   -- of new accounts
  email      TEXT,                          -- in lower case: only the person with this verified address may use it; null: everyone
  uses_left  INTEGER NOT NULL,
  person_id  INTEGER NOT NULL REFERENCES person (id),     -- who made it
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invitation_of_project ON invitation (project_id);

-- A prompt whose responses are compared or rated. The long texts are the last columns, so that reading the numbers does not read them.
CREATE TABLE item (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id  INTEGER NOT NULL REFERENCES project (id),
  kind        TEXT    NOT NULL DEFAULT 'Normal' CHECK (kind IN ('Normal', 'Check', 'Calibration')),
  position    REAL    NOT NULL,             -- the order in which items are assigned, by the project's settings
  random      REAL    NOT NULL,             -- from 0 to 1, drawn once
  priority    REAL,                         -- the uncertainty of the reward models; null where it was not scored
  wanted      INTEGER NOT NULL DEFAULT 1,   -- how many annotators should decide
  again       INTEGER NOT NULL DEFAULT 0,   -- 1: annotators should decide it although it has an imported decision
  decided     INTEGER NOT NULL DEFAULT 0,   -- how many have decided, without skips and adjudication
  skipped     INTEGER NOT NULL DEFAULT 0,
  discarded   INTEGER NOT NULL DEFAULT 0,   -- decisions that a reviewer discarded and that nobody replaces; wanted is lower by as many
  held        INTEGER NOT NULL DEFAULT 0,   -- how many annotators have it now: its live leases
  expected    TEXT,                         -- known ranks of attention checks and calibration items, as in decision.ranks
  prompt      TEXT    NOT NULL,             -- JSON: a text, or a list of messages {"role", "content"}
  explanation TEXT,                         -- why the ranks of a calibration item are known, shown after the decision
  extra       TEXT                          -- other fields of the imported row, as a JSON object
) STRICT;
-- Queries must repeat the condition as written here: SQLite uses a partial index only if it recognises its condition.
CREATE INDEX item_open ON item (project_id, position) WHERE kind = 'Normal' AND wanted > decided + held;
CREATE INDEX item_known ON item (project_id, kind, position) WHERE kind <> 'Normal';
CREATE INDEX item_of_project ON item (project_id, id);

CREATE TABLE answer (
  item_id INTEGER NOT NULL REFERENCES item (id),
  place   INTEGER NOT NULL,                 -- from 0, as imported
  text    TEXT    NOT NULL,                 -- JSON: a text, or a list of messages
  source  TEXT,                             -- who wrote it, such as a model's name; never shown to annotators
  score   REAL,                             -- the score of a reward model
  PRIMARY KEY (item_id, place)
) STRICT, WITHOUT ROWID;

-- Rows of imports that are not items yet. A transaction for each chunk makes its rows items, in the order of the ids.
CREATE TABLE import_chunk (
  id         INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES project (id),
  rows       TEXT    NOT NULL               -- a line for each row, as JSON: the item and its imported decision
) STRICT;

-- What reviewers did with decisions. A review is of one revision: a decision that is edited later is unreviewed again.
CREATE TABLE review (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id  INTEGER NOT NULL REFERENCES project (id),
  item_id     INTEGER NOT NULL REFERENCES item (id),
  person_id   INTEGER NOT NULL REFERENCES person (id),   -- who made the decision
  decision_id INTEGER NOT NULL,             -- rejected and withdrawn decisions are no longer in the table decision
  revision    INTEGER NOT NULL,             -- the revision of the decision
  state       TEXT    NOT NULL CHECK (state IN ('Accepted', 'Corrected', 'Rejected')),
  sent_to     TEXT    CHECK (sent_to IN ('SamePerson', 'OtherPerson', 'Nobody')),   -- who decides a rejected item again
  reason      TEXT,                         -- shown to the person
  reviewer_id INTEGER NOT NULL REFERENCES person (id),
  reviewed_at INTEGER NOT NULL,
  decision    TEXT    NOT NULL,             -- JSON: the decision as the reviewer saw it
  CHECK ((state = 'Rejected') = (sent_to IS NOT NULL)),
  UNIQUE (decision_id, revision)
) STRICT;
CREATE INDEX review_of_item ON review (item_id, person_id);
CREATE INDEX review_of_person ON review (project_id, person_id, id);

-- An item assigned to a person who has not decided yet. A live lease takes one of the wanted decisions. An expired lease is kept:
-- it becomes live again when its person returns and a decision is still wanted, and a late decision is accepted.
CREATE TABLE lease (
  item_id    INTEGER NOT NULL REFERENCES item (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  token      TEXT    NOT NULL UNIQUE,       -- the decision carries it, so that it counts once even if it is sent several times
  shown      TEXT    NOT NULL,              -- JSON: the places of the responses in the order shown
  turn       INTEGER NOT NULL,              -- the person gets the smallest first: new leases come last, withdrawn decisions first
  given_at   INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  live       INTEGER NOT NULL DEFAULT 1,
  withdrawn  TEXT,                          -- JSON: the decision that undo withdrew; a repeated undo returns it
  review_id  INTEGER REFERENCES review (id),-- the review that sent the item back to the person; such a lease does not expire
  PRIMARY KEY (item_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_of_person ON lease (person_id, turn);
CREATE INDEX lease_live ON lease (expires_at) WHERE live = 1;

-- How far a person is in the queue: they have seen every open item before this position.
CREATE TABLE reached (
  project_id INTEGER NOT NULL REFERENCES project (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  position   REAL    NOT NULL,
  PRIMARY KEY (project_id, person_id)
) STRICT, WITHOUT ROWID;

-- Annotations. Edited in place and removed by undo; the audit trail keeps the old values.
CREATE TABLE decision (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id  INTEGER NOT NULL REFERENCES project (id),
  item_id     INTEGER NOT NULL REFERENCES item (id),
  person_id   INTEGER NOT NULL REFERENCES person (id),
  adjudicates INTEGER NOT NULL DEFAULT 0,   -- 1: by a reviewer, replaces the votes
  token       TEXT    NOT NULL UNIQUE,
  outcome     TEXT    NOT NULL CHECK (outcome IN ('Ranked', 'AllBad', 'Rated', 'Skipped', 'BestWorst')),
  ranks       TEXT,                         -- JSON: a rank for each place, 0 the best, equal for ties, null for not ranked
  strength    INTEGER,                      -- how much better: 0 to 3 with 4 levels, 1 to 3 with 7, 1 to 4 with 9; else null
  ratings     TEXT,                         -- JSON: a level from 1 for each place, null for not rated
  judgments   TEXT,                         -- JSON: a Judgment for each question but the first, by key; null where there is one question
  flags       TEXT    NOT NULL DEFAULT '[]',-- JSON: of Unsafe, Broken, PersonalData
  rationale   TEXT,
  ideal       TEXT,                         -- a better response that the annotator wrote
  skip_reason TEXT,
  shown       TEXT    NOT NULL,             -- as in lease
  seconds     REAL    NOT NULL,             -- time spent, without idle time
  decided_at  INTEGER NOT NULL,
  revision    INTEGER NOT NULL DEFAULT 1,   -- grows with every edit
  UNIQUE (item_id, person_id, adjudicates)
) STRICT;
CREATE INDEX decision_of_person ON decision (project_id, person_id, adjudicates, id);
CREATE UNIQUE INDEX adjudication ON decision (item_id) WHERE adjudicates = 1;

-- What judges (language models, reward models) said about two responses in one order. They are not decisions: items stay open for people.
CREATE TABLE judge_vote (
  item_id    INTEGER NOT NULL REFERENCES item (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),   -- the judge
  question   TEXT    NOT NULL,              -- the key of a question as in decision.judgments; empty for the first question
  shown      INTEGER NOT NULL,              -- the place of the response that the judge read first
  other      INTEGER NOT NULL,              -- the place of the other response
  preference REAL    NOT NULL CHECK (preference BETWEEN 0 AND 1),   -- the probability that the first is better; 0.5: a tie
  judged_at  INTEGER NOT NULL,
  PRIMARY KEY (item_id, person_id, question, shown, other)
) STRICT, WITHOUT ROWID;

-- Norming sessions: people decide the same items without seeing the others' decisions, and compare them when the session is closed.
CREATE TABLE norming (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES project (id),
  title      TEXT    NOT NULL,
  started_by INTEGER NOT NULL REFERENCES person (id),
  started_at INTEGER NOT NULL,
  closed_at  INTEGER                        -- null while people decide
) STRICT;
CREATE INDEX norming_of_project ON norming (project_id, closed_at);

CREATE TABLE norming_item (
  norming_id INTEGER NOT NULL REFERENCES norming (id),
  item_id    INTEGER NOT NULL REFERENCES item (id),
  PRIMARY KEY (norming_id, item_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX norming_of_item ON norming_item (item_id);

CREATE TABLE norming_person (
  norming_id INTEGER NOT NULL REFERENCES norming (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  PRIMARY KEY (norming_id, person_id)
) STRICT, WITHOUT ROWID;

-- The decisions at the time when the session was closed; the people may change them afterwards.
CREATE TABLE norming_decision (
  norming_id INTEGER NOT NULL REFERENCES norming (id),
  item_id    INTEGER NOT NULL REFERENCES item (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  decision   TEXT    NOT NULL,              -- JSON
  PRIMARY KEY (norming_id, item_id, person_id)
) STRICT, WITHOUT ROWID;

-- What people write about the items of a closed session.
CREATE TABLE norming_note (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  norming_id INTEGER NOT NULL REFERENCES norming (id),
  item_id    INTEGER NOT NULL REFERENCES item (id),
  person_id  INTEGER NOT NULL REFERENCES person (id),
  text       TEXT    NOT NULL,
  written_at INTEGER NOT NULL
) STRICT;
CREATE INDEX norming_note_of_norming ON norming_note (norming_id, id);

-- The progress of a project: its ordinary items, those with all decisions that they need, the decisions, and how many there will be.
CREATE TABLE progress (
  project_id INTEGER PRIMARY KEY REFERENCES project (id),
  items      INTEGER NOT NULL DEFAULT 0,
  done       INTEGER NOT NULL DEFAULT 0,
  decisions  INTEGER NOT NULL DEFAULT 0,
  wanted     INTEGER NOT NULL DEFAULT 0
) STRICT;

-- These triggers keep the counts up to date for every write.
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
  UPDATE progress SET done = done + (new.decided >= new.wanted) - (old.decided >= old.wanted),
    decisions = decisions + new.decided - old.decided,
    wanted = wanted + max(new.wanted, new.decided) - max(old.wanted, old.decided) WHERE project_id = new.project_id;
END;

-- Conversations of people with models.
CREATE TABLE dialogue (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id    INTEGER NOT NULL REFERENCES project (id),
  person_id     INTEGER NOT NULL REFERENCES person (id),
  system_prompt TEXT    NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX dialogue_of_person ON dialogue (project_id, person_id, id);

-- A message of a person in a conversation, saved before the models are asked. The two responses and the choice are an item with a decision.
CREATE TABLE dialogue_turn (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  dialogue_id INTEGER NOT NULL REFERENCES dialogue (id),
  parent_id   INTEGER REFERENCES dialogue_turn (id),   -- the turn that it follows; null for the first one; several are branches
  reply       TEXT,                         -- the response to the parent that the conversation goes on from
  message     TEXT    NOT NULL,
  token       TEXT    NOT NULL UNIQUE,      -- the page sends it, so that a message counts once even if it is sent several times
  shown       TEXT    NOT NULL,             -- JSON: the places of the responses in the order shown
  failure     TEXT,                         -- why the models did not respond
  item_id     INTEGER UNIQUE REFERENCES item (id),     -- null while there are no responses
  created_at  INTEGER NOT NULL,
  answered_at INTEGER
) STRICT;
CREATE INDEX dialogue_turn_of_dialogue ON dialogue_turn (dialogue_id, id);
CREATE INDEX dialogue_turn_of_parent ON dialogue_turn (parent_id);

-- Jobs: commands of this program that the studio starts one after the other (sampling, scoring, training). Their logs and outputs are
-- in a folder named after the id. A shell around the process writes its id and exit code there, so they survive the end of the studio.
CREATE TABLE job (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id  INTEGER REFERENCES project (id),
  kind        TEXT    NOT NULL CHECK (kind IN ('Sample', 'Score', 'Train')),
  title       TEXT    NOT NULL,
  commands    TEXT    NOT NULL,             -- JSON: the arguments of `attune` for each command
  settings    TEXT    NOT NULL DEFAULT '{}',-- JSON: what to do with the result
  run         TEXT,                         -- the run that it trains, as a path relative to the folder of runs
  person_id   INTEGER NOT NULL REFERENCES person (id),
  step        INTEGER NOT NULL DEFAULT 0,   -- the command that runs or is next, from 0
  stops       INTEGER NOT NULL DEFAULT 0,   -- how many times it was asked to stop
  created_at  INTEGER NOT NULL,
  started_at  INTEGER,                      -- null while it waits for the jobs before it
  finished_at INTEGER,
  exit_code   INTEGER,
  outcome     TEXT                          -- the result or the error, as text
) STRICT;
CREATE INDEX job_open ON job (id) WHERE finished_at IS NULL;
CREATE INDEX job_of_project ON job (project_id, id);
CREATE INDEX job_of_run ON job (run, id) WHERE run IS NOT NULL;

-- Who did what and when. Append-only.
CREATE TABLE audit (
  id         INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  person_id  INTEGER REFERENCES person (id),
  project_id INTEGER REFERENCES project (id),
  action     TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  details    TEXT    NOT NULL DEFAULT '{}'  -- JSON: the old and the new state
) STRICT;
CREATE INDEX audit_of_project ON audit (project_id, id);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN new.id IN (SELECT id FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
