-- The triggers of Schema.sql for PostgreSQL, by the same names.

CREATE OR REPLACE FUNCTION is_decided(outcome TEXT) RETURNS INTEGER IMMUTABLE LANGUAGE sql AS $$ SELECT (outcome <> 'Skipped')::INTEGER $$;

-- Inserts and the progress are counted once for all rows of a statement: an import adds a thousand at a time.
CREATE OR REPLACE FUNCTION decision_is_made() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE item i SET decided = i.decided + made.decided, skipped = i.skipped + made.skipped
  FROM (SELECT item_id, sum(is_decided(outcome)) AS decided, sum(1 - is_decided(outcome)) AS skipped
    FROM new_decisions WHERE adjudicates = 0 GROUP BY item_id) made
  WHERE i.id = made.item_id;
  RETURN NULL;
END $$;
CREATE TRIGGER decision_is_made AFTER INSERT ON decision REFERENCING NEW TABLE AS new_decisions FOR EACH STATEMENT
EXECUTE FUNCTION decision_is_made();

CREATE OR REPLACE FUNCTION decision_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE item SET decided = decided + is_decided(new.outcome) - is_decided(old.outcome),
    skipped = skipped - is_decided(new.outcome) + is_decided(old.outcome) WHERE id = new.item_id;
  RETURN NULL;
END $$;
CREATE TRIGGER decision_is_changed AFTER UPDATE OF outcome ON decision
FOR EACH ROW WHEN (new.adjudicates = 0 AND (old.outcome = 'Skipped') <> (new.outcome = 'Skipped'))
EXECUTE FUNCTION decision_is_changed();

CREATE OR REPLACE FUNCTION decision_is_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE item SET decided = decided - is_decided(old.outcome), skipped = skipped - 1 + is_decided(old.outcome) WHERE id = old.item_id;
  RETURN NULL;
END $$;
CREATE TRIGGER decision_is_withdrawn AFTER DELETE ON decision FOR EACH ROW WHEN (old.adjudicates = 0)
EXECUTE FUNCTION decision_is_withdrawn();

CREATE OR REPLACE FUNCTION lease_is_given() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE item SET held = held + new.live WHERE id = new.item_id;
  RETURN NULL;
END $$;
CREATE TRIGGER lease_is_given AFTER INSERT ON lease FOR EACH ROW EXECUTE FUNCTION lease_is_given();

CREATE OR REPLACE FUNCTION lease_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE item SET held = held + new.live - old.live WHERE id = new.item_id;
  RETURN NULL;
END $$;
CREATE TRIGGER lease_is_changed AFTER UPDATE OF live ON lease FOR EACH ROW WHEN (new.live <> old.live)
EXECUTE FUNCTION lease_is_changed();

CREATE OR REPLACE FUNCTION lease_is_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE item SET held = held - old.live WHERE id = old.item_id;
  RETURN NULL;
END $$;
CREATE TRIGGER lease_is_over AFTER DELETE ON lease FOR EACH ROW EXECUTE FUNCTION lease_is_over();

CREATE OR REPLACE FUNCTION item_opens_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE reached SET position = new.position WHERE project_id = new.project_id AND position > new.position
    AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = new.id AND d.person_id = reached.person_id);
  RETURN NULL;
END $$;
CREATE TRIGGER item_opens_again AFTER UPDATE OF decided, held ON item
FOR EACH ROW WHEN (old.decided + old.held >= old.wanted AND new.decided + new.held < new.wanted)
EXECUTE FUNCTION item_opens_again();

CREATE OR REPLACE FUNCTION project_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO progress (project_id) VALUES (new.id);
  RETURN NULL;
END $$;
CREATE TRIGGER project_begins AFTER INSERT ON project FOR EACH ROW EXECUTE FUNCTION project_begins();

CREATE OR REPLACE FUNCTION item_is_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE progress p SET items = p.items + added.items, wanted = p.wanted + added.wanted
  FROM (SELECT project_id, count(*) AS items, sum(wanted) AS wanted FROM new_items WHERE kind = 'Normal' GROUP BY project_id) added
  WHERE p.project_id = added.project_id;
  RETURN NULL;
END $$;
CREATE TRIGGER item_is_added AFTER INSERT ON item REFERENCING NEW TABLE AS new_items FOR EACH STATEMENT
EXECUTE FUNCTION item_is_added();

CREATE OR REPLACE FUNCTION item_progresses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE progress p SET done = p.done + changed.done, decisions = p.decisions + changed.decisions, wanted = p.wanted + changed.wanted
  FROM (SELECT n.project_id, sum((n.decided >= n.wanted)::INTEGER - (o.decided >= o.wanted)::INTEGER) AS done,
      sum(n.decided - o.decided) AS decisions, sum(greatest(n.wanted, n.decided) - greatest(o.wanted, o.decided)) AS wanted
    FROM new_items n JOIN old_items o ON o.id = n.id
    WHERE n.kind = 'Normal' AND (n.decided <> o.decided OR n.wanted <> o.wanted) GROUP BY n.project_id) changed
  WHERE p.project_id = changed.project_id;
  RETURN NULL;
END $$;
CREATE TRIGGER item_progresses AFTER UPDATE ON item REFERENCING OLD TABLE AS old_items NEW TABLE AS new_items FOR EACH STATEMENT
EXECUTE FUNCTION item_progresses();

CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
