//! Backups: one instant of a database that goes on, one file, whole or not there; and the way back.

use std::fs;
use std::path::Path;

use journal::{Error, Restoring, Sqlite, Store, Verification, Workspace, verify};

use crate::support::{World, dump, event, private};

/// Enough pages that a copy takes several steps.
const BULK: usize = 12;

fn bulky(world: &mut World) {
    let noise: String =
        (0..100_000u32).map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26)).collect();
    for _ in 0..BULK {
        world.commit(|batch| batch.events = vec![event(None, &noise), event(Some(1), "b")]);
    }
    world.commit(|batch| batch.private = vec![private("p", "x")]);
}

fn back_up(world: &mut World, to: &Path, between: &mut dyn FnMut(&mut World)) -> Result<Verification, Error> {
    let store = Sqlite::open_read_only(world.directory.as_ref().unwrap().path())?;
    let mut steps = 0;
    let made = store.back_up(to, &mut |_| {
        steps += 1;
        between(world);
    });
    assert!(made.is_err() || steps > 1, "the copy should take several steps");
    made
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_is_one_instant_of_a_journal_that_goes_on() {
    let mut world = World::sqlite();
    bulky(&mut world);
    let (before, head) = (world.dump(), world.reader.head().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    let made = back_up(&mut world, &file, &mut |world| {
        world.commit(|batch| batch.events = vec![event(None, "meanwhile")]);
    });
    assert_eq!(made.unwrap().head, head);
    assert!(world.reader.head().unwrap().position > head.position, "the journal went on");
    assert_eq!(names(folder.path()), ["copy.db"], "one file, nothing beside it");
    let copy = Sqlite::open_read_only(&file).unwrap().reader(Workspace::default()).unwrap();
    assert_eq!(dump(&*copy), before);
}

#[test]
fn a_backup_replaces_nothing() {
    let mut world = World::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    fs::write(&file, "mine").unwrap();
    assert!(matches!(back_up(&mut world, &file, &mut |_| ()), Err(Error::ReadOnly { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_backup_of_an_altered_journal_is_refused_and_leaves_nothing() {
    let mut world = World::sqlite();
    bulky(&mut world);
    let database = world.directory.as_ref().unwrap().path().join("watchbell.db");
    let alter = "UPDATE event SET kind = 'other' WHERE position = 3 AND idx = 1";
    rusqlite::Connection::open(database).unwrap().execute(alter, []).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let made = back_up(&mut world, &folder.path().join("copy.db"), &mut |_| ());
    assert!(matches!(made, Err(Error::Broken { position: journal::Position(3), .. })));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_restored_journal_is_the_one_that_was_backed_up_and_the_old_one_is_kept() {
    let mut world = World::sqlite();
    bulky(&mut world);
    let before = world.dump();
    let folder = tempfile::tempdir().unwrap();
    let (file, data, aside) = (folder.path().join("b.db"), folder.path().join("data"), folder.path().join("aside"));
    back_up(&mut world, &file, &mut |_| ()).unwrap();
    for was_filled in [false, true] {
        let restoring = Restoring::begin(&file, &data, &mut |_| ()).unwrap();
        assert!(matches!(Sqlite::open(&data).err(), Some(Error::InUse { .. })), "nobody starts meanwhile");
        restoring.finish(&aside).unwrap();
        assert_eq!(names(&data), ["watchbell.db", "watchbell.db.lock"]);
        assert_eq!(aside.join("watchbell.db").exists(), was_filled);
        let store = Sqlite::open(&data).unwrap();
        let reader = store.reader(Workspace::default()).unwrap();
        assert_eq!(dump(&*reader), before);
        verify(&*reader, Workspace::default()).unwrap();
    }
}

#[test]
fn what_is_no_backup_is_not_restored() {
    type Make = fn(&Path);
    let cases: [(&str, Make); 3] = [
        ("not there", |_| ()),
        ("text", |file| fs::write(file, "Dear diary, ".repeat(1_000)).unwrap()),
        ("cut short", |file| {
            let mut world = World::sqlite();
            bulky(&mut world);
            back_up(&mut world, file, &mut |_| ()).unwrap();
            fs::File::options().write(true).open(file).unwrap().set_len(100_000).unwrap();
        }),
    ];
    for (name, make) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (file, data) = (folder.path().join("b.db"), folder.path().join("data"));
        make(&file);
        assert!(Restoring::begin(&file, &data, &mut |_| ()).is_err(), "{name}");
        if data.exists() {
            assert_eq!(names(&data), ["watchbell.db.lock"], "{name}");
        }
    }
}

#[test]
fn nothing_starts_where_a_restore_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("watchbell.db.partial"), "half").unwrap();
    let Err(error) = Sqlite::open(folder.path()) else { panic!("it started on an empty journal") };
    assert!(matches!(error, Error::Unfinished { .. }), "{error}");
    assert!(!names(folder.path()).contains(&"watchbell.db".to_owned()));
}
