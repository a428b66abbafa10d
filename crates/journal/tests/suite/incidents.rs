//! Incident rows: the snapshot, the read model and the due index.

use calendar::Instant;
use journal::{IncidentFilter, IncidentNo, IncidentRow, Living, Position, TallyRow};

use crate::support::{ALL, World, at, guarantees, incident, numbers};

guarantees! {
    a_row_is_read_back_as_it_was_written_last
    a_tally_alone_can_change
    a_key_finds_the_open_incident_or_else_the_latest_closed_one
    lists_are_filtered_and_paged_from_the_newest
    what_is_due_comes_worst_severity_first
    rows_can_be_cleared_and_replaced_without_touching_the_order
    lives_are_found_by_the_time_that_they_lived_in
}

fn a_row_is_read_back_as_it_was_written_last(mut world: World) {
    world.commit(|batch| batch.incidents = vec![incident(1), incident(2)]);
    let changed = IncidentRow {
        key: "other".to_owned(),
        class: "outage".to_owned(),
        service: "search".to_owned(),
        status: 6,
        open: false,
        severity: 1,
        restricted: true,
        opened_at: at(-1),
        next_due: Some(at(9)),
        updated: Position(2),
        state: vec![0, 255],
        ..incident(1)
    };
    world.commit(|batch| batch.incidents = vec![changed.clone()]);
    assert_eq!(world.reader.incident(IncidentNo(1)).unwrap(), Some(changed));
    assert_eq!(world.reader.incident(IncidentNo(2)).unwrap(), Some(incident(2)));
    assert_eq!(world.reader.incident(IncidentNo(3)).unwrap(), None);
}

fn a_tally_alone_can_change(mut world: World) {
    let counted = |tally: Vec<u8>, position| TallyRow { no: IncidentNo(1), updated: Position(position), tally };
    // The row of the same batch comes first.
    world.commit(|batch| (batch.incidents, batch.tallies) = (vec![incident(1)], vec![counted(vec![2], 1)]));
    world.commit(|batch| batch.tallies = vec![counted(vec![3, 4], 2)]);
    let row = IncidentRow { tally: vec![3, 4], updated: Position(2), ..incident(1) };
    assert_eq!(world.reader.incident(IncidentNo(1)).unwrap(), Some(row.clone()));
    assert_eq!(world.reader.incident_by_key("key").unwrap(), Some(row));
    world.writer.clear_incidents().unwrap();
    assert_eq!(world.reader.incident(IncidentNo(1)).unwrap(), None);
    world.commit(|batch| batch.tallies = vec![counted(vec![5], 3)]);
    assert_eq!(world.reader.incident(IncidentNo(1)).unwrap(), None, "an unknown one is ignored");
}

fn a_key_finds_the_open_incident_or_else_the_latest_closed_one(mut world: World) {
    let row = |no, open, updated| IncidentRow { open, updated: Position(updated), ..incident(no) };
    let cases = [
        (vec![], None),
        (vec![row(1, false, 8), row(2, false, 3)], Some(1)),
        (vec![row(3, true, 1)], Some(3)),
        (vec![row(4, true, 1)], Some(4)),
        (vec![row(3, true, 9)], Some(4)),
        (vec![row(3, false, 9), row(4, false, 9)], Some(4)),
    ];
    for (rows, expected) in cases {
        world.commit(|batch| batch.incidents = rows);
        let found = world.reader.incident_by_key("key").unwrap();
        assert_eq!(found.map(|row| row.no.0), expected);
        assert_eq!(world.reader.incident_by_key("ke").unwrap(), None);
    }
}

fn lists_are_filtered_and_paged_from_the_newest(mut world: World) {
    world.commit(|batch| {
        batch.incidents = vec![
            incident(1),
            IncidentRow { open: false, status: 6, ..incident(2) },
            IncidentRow { severity: 1, class: "outage".to_owned(), ..incident(3) },
            IncidentRow { restricted: true, service: "search".to_owned(), ..incident(4) },
        ];
    });
    let filter = IncidentFilter::default;
    let cases = [
        (filter(), ALL, vec![4, 3, 2, 1]),
        (filter(), 2, vec![4, 3]),
        (IncidentFilter { before: Some(IncidentNo(3)), ..filter() }, ALL, vec![2, 1]),
        (IncidentFilter { open: Some(true), ..filter() }, ALL, vec![4, 3, 1]),
        (IncidentFilter { open: Some(false), ..filter() }, ALL, vec![2]),
        (IncidentFilter { open: Some(true), before: Some(IncidentNo(4)), ..filter() }, 1, vec![3]),
        (IncidentFilter { status: Some(6), ..filter() }, ALL, vec![2]),
        (IncidentFilter { severity: Some(1), ..filter() }, ALL, vec![3]),
        (IncidentFilter { class: Some("outage".to_owned()), ..filter() }, ALL, vec![3]),
        (IncidentFilter { service: Some("search".to_owned()), ..filter() }, ALL, vec![4]),
        (IncidentFilter { restricted: Some(false), ..filter() }, ALL, vec![3, 2, 1]),
        (IncidentFilter { class: Some("' OR 1=1 --".to_owned()), ..filter() }, ALL, vec![]),
        (IncidentFilter { severity: Some(1), open: Some(false), ..filter() }, ALL, vec![]),
    ];
    for (filter, limit, expected) in cases {
        assert_eq!(numbers(&world.reader.incidents(&filter, limit).unwrap()), expected, "{filter:?}");
    }
}

fn what_is_due_comes_worst_severity_first(mut world: World) {
    assert_eq!(world.reader.next_due().unwrap(), None);
    let row = |no, severity, due: Option<i64>| IncidentRow { severity, next_due: due.map(at), ..incident(no) };
    world.commit(|batch| {
        batch.incidents = vec![
            row(1, 3, Some(10)),
            row(2, 1, Some(30)),
            row(3, 2, Some(20)),
            row(4, 1, Some(15)),
            row(5, 1, None),
            IncidentRow { open: false, ..row(6, 2, Some(20)) },
        ];
    });
    let cases = [
        (at(9), ALL, vec![]),
        (at(10), ALL, vec![1]),
        (at(20), ALL, vec![4, 3, 6, 1]),
        (at(20), 2, vec![4, 3]),
        (Instant::MAX, ALL, vec![4, 2, 3, 6, 1]),
    ];
    for (until, limit, expected) in cases {
        assert_eq!(numbers(&world.reader.due(until, limit).unwrap()), expected, "until {until}");
    }
    assert_eq!(world.reader.next_due().unwrap(), Some(at(10)));
    world.commit(|batch| batch.incidents = vec![row(1, 3, None)]);
    assert_eq!(world.reader.next_due().unwrap(), Some(at(15)));
}

fn rows_can_be_cleared_and_replaced_without_touching_the_order(mut world: World) {
    let head = world.commit(|batch| batch.incidents = vec![incident(1), incident(2)]);
    let before = world.dump();
    world.writer.clear_incidents().unwrap();
    assert_eq!(world.reader.incidents(&IncidentFilter::default(), ALL).unwrap(), []);
    world.writer.replace_incidents(&[incident(2), incident(1)]).unwrap();
    assert_eq!(world.dump(), before);
    assert_eq!(world.writer.head().unwrap(), head);
}

fn lives_are_found_by_the_time_that_they_lived_in(mut world: World) {
    const DAY: i64 = 24 * 3_600;
    let life = |no, opened: i64, ended: Option<i64>| IncidentRow {
        open: ended.is_none(),
        opened_at: at(opened * DAY),
        ended_at: ended.map(|day| at(day * DAY)),
        ..incident(no)
    };
    world.commit(|batch| {
        batch.incidents = vec![
            life(1, 0, None),
            // A week at most, a quarter at most, and longer.
            life(2, 193, Some(200)),
            life(3, 194, Some(199)),
            life(4, 109, Some(200)),
            life(5, 110, Some(199)),
            life(6, 1, Some(200)),
            life(7, 2, Some(199)),
            life(8, 200, Some(200)),
            life(9, 206, Some(500)),
            life(10, 207, None),
        ];
    });
    let found = |from: i64, until: i64, before, limit| {
        let living = Living { from: at(from * DAY), until: at(until * DAY), before };
        numbers(&world.reader.incidents_living(&living, limit).unwrap())
    };
    let week = vec![9, 8, 2, 4, 6, 1];
    assert_eq!(found(200, 207, None, ALL), week);
    assert_eq!(found(0, 1, None, ALL), vec![1]);
    assert_eq!(found(501, 502, None, ALL), vec![10, 1]);
    let (mut paged, mut before) = (Vec::new(), None);
    while let Some(last) = found(200, 207, before, 1).pop() {
        paged.push(last);
        let row = world.reader.incident(IncidentNo(last)).unwrap().unwrap();
        before = Some((row.opened_at, row.no));
    }
    assert_eq!(paged, week);
    // One that comes back lives again.
    world.commit(|batch| batch.incidents = vec![life(3, 194, None)]);
    let living = Living { from: at(300 * DAY), until: at(301 * DAY), before: None };
    assert_eq!(numbers(&world.reader.incidents_living(&living, ALL).unwrap()), vec![10, 9, 3, 1]);
}
