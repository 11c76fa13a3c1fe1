//! SQLite as the oracle: what was handed over, in two tables whose keys say what a life is.
//!
//! It shares no line with the journal. What was confirmed has become part of the tables, each group in
//! one transaction; what was not waits outside, and after a crash any beginning of it may be there.

use rusqlite::{Connection, params};
use smppgate::journal::{Record, Role};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A fact goes with the life that it is about, and the same fact is one fact however often it is said.
const TABLES: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE lives (id INTEGER PRIMARY KEY, main BLOB NOT NULL);
    CREATE TABLE facts (
        id INTEGER NOT NULL REFERENCES lives ON DELETE CASCADE,
        fact BLOB NOT NULL,
        PRIMARY KEY (id, fact)
    ) WITHOUT ROWID;
    CREATE TABLE highest (id INTEGER NOT NULL);
    INSERT INTO highest VALUES (0);
";

/// Of a message that is written anew the last record counts, and what had happened to it stays true.
const MAIN: &str = "INSERT INTO lives VALUES (?1, ?2)
    ON CONFLICT (id) DO UPDATE SET main = excluded.main";

const FACT: &str = "INSERT OR IGNORE INTO facts SELECT ?1, ?2 WHERE ?1 IN (SELECT id FROM lives)";

const LAST: &str = "DELETE FROM lives WHERE id = ?1";

/// A record that was handed over.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: u64,
    pub role: Role,
    pub octets: Vec<u8>,
}

impl Row {
    pub fn of(record: &Record<'_>) -> Self {
        let mut octets = Vec::new();
        record.encode(&mut octets);
        // Else what the octets do not say would be missed by nobody.
        assert_eq!(Record::decode(&octets).as_ref(), Ok(record));
        Self {
            id: record.id().0,
            role: record.role(),
            octets,
        }
    }

    pub fn record(&self) -> Record<'_> {
        Record::decode(&self.octets).unwrap()
    }
}

/// Lives that have not ended: their main records, octet by octet, and what is known of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    pub mains: BTreeMap<u64, Vec<u8>>,
    pub facts: BTreeSet<(u64, Vec<u8>)>,
}

impl Held {
    /// What the two have not in common, for whoever has to find out why.
    pub fn difference(&self, other: &Self) -> String {
        let mut said = Vec::new();
        let ids: BTreeSet<_> = self.mains.keys().chain(other.mains.keys()).collect();
        for id in ids {
            if self.mains.get(id) != other.mains.get(id) {
                let is_there = |held: &Self| held.mains.contains_key(id);
                let (left, right) = (is_there(self), is_there(other));
                said.push(format!("the message {id} (there: {left}, {right})"));
            }
        }
        for (id, fact) in self.facts.symmetric_difference(&other.facts) {
            said.push(format!("{:?} of {id}", Record::decode(fact)));
        }
        said.join(", ")
    }
}

pub struct Oracle {
    database: Connection,
    /// Batches that were handed over and not confirmed.
    waiting: VecDeque<Vec<Row>>,
}

impl Oracle {
    pub fn new() -> Self {
        let database = Connection::open_in_memory().unwrap();
        database.execute_batch(TABLES).unwrap();
        let waiting = VecDeque::new();
        Self { database, waiting }
    }

    pub fn hand_over(&mut self, batch: Vec<Row>) {
        self.waiting.push_back(batch);
    }

    /// So many of the batches that wait were confirmed, the first ones.
    pub fn confirm(&mut self, batches: usize) {
        let transaction = self.database.unchecked_transaction().unwrap();
        for row in self.waiting.drain(..batches).flatten() {
            note(&transaction, &row);
        }
        transaction.commit().unwrap();
    }

    /// After a crash this was read. What was confirmed must be there; of what waited, a beginning
    /// may be, in whole batches or not, and it counts from now on. How many records that is.
    pub fn restarted(&mut self, read: &Held) -> Result<usize, String> {
        let transaction = self.database.unchecked_transaction().unwrap();
        let confirmed = held(&transaction);
        let waited: Vec<Row> = self.waiting.drain(..).flatten().collect();
        let mut more = 0;
        while held(&transaction) != *read {
            let Some(row) = waited.get(more) else {
                return Err(format!(
                    "not what was confirmed, nor that and a beginning of the {more} records that \
                     waited; from what was confirmed it differs by {}",
                    confirmed.difference(read)
                ));
            };
            note(&transaction, row);
            more += 1;
        }
        transaction.commit().unwrap();
        Ok(more)
    }

    pub fn held(&self) -> Held {
        held(&self.database)
    }

    /// No confirmed record has a higher id.
    pub fn highest_id(&self) -> u64 {
        let highest = "SELECT id FROM highest";
        self.database
            .query_row(highest, [], |row| row.get(0))
            .unwrap()
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

fn note(database: &Connection, row: &Row) {
    let noted = match row.role {
        Role::Main => database.execute(MAIN, params![row.id, row.octets]),
        Role::Fact => database.execute(FACT, params![row.id, row.octets]),
        Role::Last => database.execute(LAST, params![row.id]),
    };
    noted.unwrap();
    let higher = "UPDATE highest SET id = max(id, ?1)";
    database.execute(higher, params![row.id]).unwrap();
}

fn held(database: &Connection) -> Held {
    let mut mains = database.prepare("SELECT id, main FROM lives").unwrap();
    let mains = mains.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let mut facts = database.prepare("SELECT id, fact FROM facts").unwrap();
    let facts = facts.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    Held {
        mains: mains.unwrap().map(Result::unwrap).collect(),
        facts: facts.unwrap().map(Result::unwrap).collect(),
    }
}
