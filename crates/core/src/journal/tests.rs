use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const AT: &str = "2026-01-02T03:04:05Z";

fn run_started() -> Event {
    Event::RunStarted {
        format: FORMAT,
        run: "r1".to_owned(),
        plan: "p1".to_owned(),
        tool: "envclone 0.1.0".to_owned(),
        who: "ana".to_owned(),
        machine: "desk".to_owned(),
    }
}

fn resumed() -> Event {
    Event::Resumed {
        who: "ana".to_owned(),
        machine: "desk".to_owned(),
    }
}

fn started(seq: u32) -> Event {
    let before = Some(7);
    Event::Started { seq, before }
}

fn succeeded(seq: u32) -> Event {
    Event::Succeeded {
        seq,
        rows: 7,
        millis: 12,
    }
}

fn failed(seq: u32) -> Event {
    let error = "deadlock".to_owned();
    Event::Failed { seq, error }
}

fn skipped(seq: u32) -> Event {
    let by = "ana".to_owned();
    Event::Skipped { seq, by }
}

fn cloned(seq: u32) -> Event {
    let identity = "guid".to_owned();
    Event::Cloned { seq, identity }
}

fn committing(group: &str) -> Event {
    let group = group.to_owned();
    Event::Committing { group }
}

fn committed(group: &str, settled: Option<&str>) -> Event {
    Event::Committed {
        group: group.to_owned(),
        settled: settled.map(str::to_owned),
    }
}

fn rolled_back(group: &str) -> Event {
    Event::RolledBack {
        group: group.to_owned(),
        because: "item 2 failed".to_owned(),
    }
}

fn text(events: &[Event]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut prev = FIRST_LINK.to_owned();
    for (event, n) in events.iter().zip(1..) {
        let line = line(n, AT, &prev, event).unwrap();
        prev = link(line.as_bytes());
        text.extend_from_slice(line.as_bytes());
    }
    text
}

/// Item 1 has no transaction; 2 and 3 share one.
fn plan() -> Vec<(u32, Option<String>)> {
    let main = Some("main".to_owned());
    vec![(1, None), (2, main.clone()), (3, main)]
}

fn progress(events: &[Event]) -> Progress {
    try_progress(events).unwrap()
}

fn try_progress(events: &[Event]) -> Result<Progress, JournalError> {
    let mut all = vec![run_started()];
    all.extend_from_slice(events);
    replay(&all, &plan())
}

fn done() -> State {
    State::Done { rows: 7 }
}

/// Item 2 and 3, run but not committed.
fn group_ran() -> Vec<Event> {
    vec![started(2), succeeded(2), started(3), succeeded(3)]
}

fn illegal(events: &[Event]) -> String {
    match try_progress(events) {
        Err(JournalError::Damaged { line, why }) => {
            assert_eq!(line, events.len() as u64 + 1, "{why}");
            why.to_string()
        }
        other => panic!("expected damage, got {other:?}"),
    }
}

fn refused(text: &[u8]) -> (u64, String) {
    match read(text) {
        Err(JournalError::Damaged { line, why }) => (line, why.to_string()),
        other => panic!("expected damage, got {other:?}"),
    }
}

// Lines

#[test]
fn a_line_has_number_time_link_and_entry() {
    let line = line(3, AT, FIRST_LINK, &started(4)).unwrap();
    assert_eq!(
        line,
        concat!(
            r#"{"n":3,"at":"2026-01-02T03:04:05Z","prev":"0000000000000000","#,
            r#""entry":{"event":"started","seq":4,"before":7}}"#,
            "\n"
        )
    );
}

#[test]
fn a_link_is_the_start_of_the_hash_without_the_newline() {
    let whole = blake3::hash(b"abc").to_hex().to_string();
    assert_eq!(link(b"abc\n"), whole[..16]);
    assert_eq!(link(b"abc"), whole[..16]);
}

#[test]
fn names_are_those_of_the_journal() {
    for event in [
        run_started(),
        resumed(),
        started(1),
        succeeded(1),
        failed(1),
        skipped(1),
        cloned(1),
        committing("g"),
        committed("g", None),
        rolled_back("g"),
        Event::Verified {
            clean: 1,
            residue: 2,
            unknown: 3,
        },
        Event::Finished,
        Event::Unknown,
    ] {
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["event"], event.name());
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }
}

#[test]
fn what_was_written_is_read() {
    let events = [run_started(), started(1), succeeded(1)];
    let written = text(&events);
    let journal = read(&written).unwrap();
    assert_eq!(journal.events(), events);
    assert_eq!(journal.torn, None);
    assert_eq!(journal.next(), 4);
    let last = written.split_inclusive(|byte| *byte == b'\n').next_back();
    assert_eq!(journal.link(), link(last.unwrap()));
    assert_eq!(journal.entries[2].at, AT);
}

#[test]
fn a_newer_event_and_newer_fields_are_read() {
    let mut written = text(&[run_started()]);
    let prev = link(&written);
    let newer = format!(
        r#"{{"n":2,"at":"{AT}","prev":"{prev}","by":1,"entry":{{"event":"paused","for":["x",{{"y":2}}]}}}}"#
    );
    written.extend_from_slice(newer.as_bytes());
    written.push(b'\n');
    let journal = read(&written).unwrap();
    assert_eq!(journal.events(), [run_started(), Event::Unknown]);
    assert_eq!(replay(&journal.events(), &plan()).unwrap().unknown, 1);
}

#[test]
fn a_missing_optional_field_is_none() {
    let event: Event = serde_json::from_str(r#"{"event":"started","seq":1}"#).unwrap();
    let (seq, before) = (1, None);
    assert_eq!(event, Event::Started { seq, before });
}

#[test]
fn an_empty_journal_is_refused() {
    assert!(matches!(read(b""), Err(JournalError::Empty)));
    assert!(matches!(replay(&[], &plan()), Err(JournalError::Empty)));
}

#[test]
fn a_torn_first_line_is_no_error_and_holds_nothing() {
    let journal = read(br#"{"n":1,"at":"20"#).unwrap();
    assert_eq!((journal.entries.len(), journal.torn), (0, Some(0)));
    assert_eq!((journal.next(), journal.link()), (1, FIRST_LINK));
}

#[test]
fn a_whole_last_line_without_its_newline_is_torn() {
    let mut written = text(&[run_started(), started(1)]);
    written.pop();
    let journal = read(&written).unwrap();
    assert_eq!(journal.events(), [run_started()]);
    assert_eq!(journal.torn, Some(text(&[run_started()]).len() as u64));
}

#[test]
fn zeros_after_a_power_cut_are_torn() {
    let mut written = text(&[run_started()]);
    let end = written.len() as u64;
    written.extend_from_slice(&[0; 4096]);
    assert_eq!(read(&written).unwrap().torn, Some(end));
}

#[test]
fn an_unreadable_last_line_with_a_newline_is_damage() {
    let mut written = text(&[run_started()]);
    written.extend_from_slice(b"{\"n\":2,\n");
    assert_eq!(refused(&written), (2, "it is no journal line".to_owned()));
}

#[test]
fn another_format_is_refused_whatever_else_changed() {
    let newer = br#"{"number":"one","entry":{"event":"begun","format":2}}
"#;
    assert!(matches!(
        read(newer),
        Err(JournalError::Format { found: 2, .. })
    ));
    let mut newer = run_started();
    if let Event::RunStarted { format, .. } = &mut newer {
        *format = 9;
    }
    assert!(matches!(
        read(&text(std::slice::from_ref(&newer))),
        Err(JournalError::Format { found: 9, .. })
    ));
    assert!(matches!(
        replay(&[newer], &plan()),
        Err(JournalError::Format { found: 9, .. })
    ));
}

#[test]
fn a_journal_that_does_not_begin_at_its_beginning_is_refused() {
    assert_eq!(refused(&text(&[started(1)])).0, 1);
    assert!(matches!(
        replay(&[started(1)], &plan()),
        Err(JournalError::Damaged {
            line: 1,
            why: Damage::Headless
        })
    ));
}

#[test]
fn missing_doubled_and_exchanged_lines_are_refused() {
    let written = text(&[run_started(), started(1), failed(1), started(1)]);
    let lines: Vec<_> = written.split_inclusive(|byte| *byte == b'\n').collect();
    for order in [vec![0, 2, 3], vec![0, 1, 1, 2], vec![0, 2, 1, 3], vec![1]] {
        let changed: Vec<u8> = order.iter().flat_map(|at| lines[*at].to_vec()).collect();
        let (_, why) = refused(&changed);
        assert!(why.starts_with("it says that it is line"), "{why}");
    }
}

#[test]
fn a_line_that_was_changed_is_found_by_the_next() {
    let written = String::from_utf8(text(&[run_started(), failed(1), resumed()])).unwrap();
    let changed = written.replace("deadlock", "all fine");
    assert_eq!(refused(changed.as_bytes()).0, 3);
}

#[test]
fn errors_read_well() {
    let error = read(&text(&[started(1)])).unwrap_err();
    assert_eq!(error.to_string(), "line 1 of the journal is damaged");
    assert_eq!(
        illegal(&[succeeded(1)]),
        "`succeeded` can't happen to an item that is pending"
    );
}

// Items without a transaction

#[test]
fn nothing_started_is_pending() {
    let progress = progress(&[]);
    assert!(
        progress
            .items
            .values()
            .all(|state| *state == State::Pending)
    );
    assert_eq!(progress.groups["main"], GroupState::Pending);
    assert_eq!(
        (progress.run.as_str(), progress.plan.as_str()),
        ("r1", "p1")
    );
    assert!(!progress.finished);
}

#[test]
fn an_item_that_only_started_is_in_doubt() {
    assert_eq!(progress(&[started(1)]).items[&1], State::InDoubt);
    let later = progress(&[started(1), resumed()]);
    assert_eq!((&later.items[&1], later.resumes), (&State::InDoubt, 1));
}

#[test]
fn an_item_in_doubt_is_settled_by_its_check_or_runs_again() {
    let settled = progress(&[started(1), resumed(), succeeded(1)]);
    assert_eq!(settled.items[&1], done());
    let again = progress(&[started(1), resumed(), started(1), succeeded(1)]);
    assert_eq!((&again.items[&1], again.done()), (&done(), 1));
}

#[test]
fn an_item_does_not_start_twice_in_one_process() {
    assert_eq!(
        illegal(&[started(1), started(1)]),
        "`started` can't happen to an item that is running"
    );
}

#[test]
fn a_failed_item_may_run_again_and_then_its_error_is_gone() {
    let failed_once = progress(&[started(1), failed(1)]);
    let error = "deadlock".to_owned();
    assert_eq!(failed_once.errors[&1], error);
    assert_eq!(failed_once.items[&1], State::Failed { error });
    let then = progress(&[started(1), failed(1), started(1), succeeded(1)]);
    assert_eq!((&then.items[&1], then.errors.len()), (&done(), 0));
}

#[test]
fn an_item_may_be_skipped_before_it_runs_or_after_it_failed() {
    let by = "ana".to_owned();
    let skipped_state = State::Skipped { by };
    assert_eq!(progress(&[skipped(1)]).items[&1], skipped_state);
    let gave_up = progress(&[started(1), failed(1), skipped(1)]);
    assert_eq!(gave_up.items[&1], skipped_state);
    illegal(&[started(1), skipped(1)]);
    illegal(&[skipped(1), started(1)]);
    illegal(&[started(1), succeeded(1), skipped(1)]);
}

#[test]
fn results_need_a_start_and_come_once() {
    illegal(&[succeeded(1)]);
    illegal(&[failed(1)]);
    illegal(&[started(1), succeeded(1), succeeded(1)]);
    illegal(&[started(1), succeeded(1), failed(1)]);
    illegal(&[started(1), succeeded(1), started(1)]);
    illegal(&[started(1), succeeded(1), resumed(), started(1)]);
    illegal(&[started(1), failed(1), succeeded(1)]);
}

#[test]
fn the_identity_of_the_clone_is_kept() {
    assert_eq!(progress(&[started(1), cloned(1)]).clones[&1], "guid");
    let after = progress(&[started(1), succeeded(1), cloned(1)]);
    assert_eq!(
        (&after.items[&1], after.clones[&1].as_str()),
        (&done(), "guid")
    );
    illegal(&[cloned(1)]);
}

// Items of a transaction

#[test]
fn a_transaction_that_did_not_begin_to_commit_is_gone() {
    for end in 1..=4 {
        let progress = progress(&group_ran()[..end]);
        assert_eq!(progress.items[&2], State::Pending);
        assert_eq!(progress.items[&3], State::Pending);
        assert_eq!(progress.groups["main"], GroupState::Pending);
    }
}

#[test]
fn a_resumed_run_begins_a_lost_transaction_again() {
    let mut events = vec![started(2), succeeded(2), started(3), resumed()];
    events.extend(group_ran());
    events.extend([committing("main"), committed("main", None)]);
    let progress = progress(&events);
    assert_eq!((&progress.items[&2], progress.done()), (&done(), 2));
}

#[test]
fn a_resumed_run_can_not_go_on_in_a_lost_transaction() {
    illegal(&[started(2), resumed(), succeeded(2)]);
    illegal(&[
        started(2),
        succeeded(2),
        resumed(),
        started(3),
        succeeded(3),
        committing("main"),
    ]);
}

#[test]
fn a_commit_without_an_end_leaves_everything_in_doubt() {
    let mut events = group_ran();
    events.push(committing("main"));
    for _ in 0..2 {
        let progress = progress(&events);
        assert_eq!(progress.items[&2], State::InDoubt);
        assert_eq!(progress.items[&3], State::InDoubt);
        assert_eq!(progress.groups["main"], GroupState::InDoubt);
        events.push(resumed());
    }
}

#[test]
fn a_skipped_item_is_never_in_doubt() {
    let events = [skipped(2), started(3), succeeded(3), committing("main")];
    let progress = progress(&events);
    assert_eq!(progress.items[&2].name(), "skipped");
    assert_eq!(progress.items[&3], State::InDoubt);
}

#[test]
fn a_commit_in_doubt_is_settled_either_way() {
    let mut events = group_ran();
    events.extend([committing("main"), resumed()]);
    let mut there = events.clone();
    there.push(committed("main", Some("marker")));
    let there = progress(&there);
    assert_eq!(there.items[&2], done());
    let settled = Some("marker".to_owned());
    assert_eq!(there.groups["main"], GroupState::Committed { settled });

    events.push(rolled_back("main"));
    let gone = progress(&events);
    assert_eq!(gone.items[&3], State::Pending);
    assert_eq!(gone.groups["main"].name(), "rolled back");
}

#[test]
fn a_committed_transaction_is_done_and_stays_so() {
    let mut events = group_ran();
    events.extend([committing("main"), committed("main", None)]);
    let progress = progress(&events);
    assert_eq!((&progress.items[&2], progress.done()), (&done(), 2));
    let settled = None;
    assert_eq!(progress.groups["main"], GroupState::Committed { settled });
    for more in [
        started(2),
        rolled_back("main"),
        committing("main"),
        committed("main", None),
    ] {
        let mut events = events.clone();
        events.push(more);
        illegal(&events);
    }
}

#[test]
fn a_rollback_makes_items_pending_and_keeps_the_error() {
    let events = [
        started(2),
        succeeded(2),
        started(3),
        failed(3),
        rolled_back("main"),
    ];
    for end in [4, 5] {
        let progress = progress(&events[..end]);
        assert_eq!(progress.items[&2], State::Pending);
        assert_eq!(progress.items[&3], State::Pending);
        assert_eq!(progress.errors[&3], "deadlock");
    }
    assert_eq!(progress(&events).groups["main"].name(), "rolled back");
}

#[test]
fn a_rolled_back_transaction_may_begin_again_in_the_same_process() {
    let mut events = vec![started(2), succeeded(2), rolled_back("main")];
    events.extend(group_ran());
    assert_eq!(progress(&events).groups["main"], GroupState::Pending);
    events.extend([committing("main"), committed("main", None)]);
    assert_eq!(progress(&events).done(), 2);
}

#[test]
fn a_rollback_keeps_what_was_skipped() {
    let progress = progress(&[skipped(2), started(3), rolled_back("main")]);
    assert_eq!(progress.items[&2].name(), "skipped");
}

#[test]
fn only_a_transaction_whose_items_all_ran_commits() {
    illegal(&[committing("main")]);
    illegal(&[started(2), succeeded(2), committing("main")]);
    illegal(&[
        started(2),
        succeeded(2),
        started(3),
        failed(3),
        committing("main"),
    ]);
    let mut events = group_ran();
    events.push(committed("main", None));
    illegal(&events);
}

#[test]
fn events_for_what_the_plan_does_not_have_are_refused() {
    assert_eq!(illegal(&[started(9)]), "the plan has no item 9");
    assert_eq!(illegal(&[rolled_back("x")]), "the plan has no group `x`");
}

// The run

#[test]
fn a_run_starts_once() {
    illegal(&[run_started()]);
}

#[test]
fn a_run_is_finished_when_everything_is_settled() {
    let mut events = group_ran();
    events.extend([started(1), succeeded(1)]);
    let mut early = events.clone();
    early.push(Event::Finished);
    assert_eq!(
        illegal(&early),
        "it says that the run finished, but item 2 is not done"
    );
    events.extend([
        committing("main"),
        committed("main", None),
        Event::Verified {
            clean: 5,
            residue: 0,
            unknown: 1,
        },
        Event::Finished,
    ]);
    let progress = progress(&events);
    assert!(progress.finished);
    let verified = progress.verified.unwrap();
    assert_eq!(
        (verified.clean, verified.residue, verified.unknown),
        (5, 0, 1)
    );
    assert!(
        try_progress(&[skipped(1), skipped(2), skipped(3), Event::Finished])
            .unwrap()
            .finished
    );
}

// Everything that can happen: an executor and a database that are killed anywhere

/// Carries out a plan as the shell does, against a database that keeps what was committed, and dies when told to.
struct Simulation {
    choices: std::vec::IntoIter<u8>,
    units: Vec<(Option<String>, Vec<u32>)>,
    /// What the database keeps.
    durable: BTreeSet<u32>,
    /// Each event with what was durable when it was written.
    written: Vec<(Event, BTreeSet<u32>)>,
    settled: BTreeSet<u32>,
    in_doubt: BTreeSet<u32>,
    committing: BTreeSet<String>,
}

struct Killed;

impl Simulation {
    fn of(items: &[(u32, Option<String>)], choices: Vec<u8>) -> Self {
        let mut grouped: BTreeMap<&String, Vec<u32>> = BTreeMap::new();
        let mut units = Vec::new();
        for (seq, group) in items {
            match group {
                Some(group) => grouped.entry(group).or_default().push(*seq),
                None => units.push((None, vec![*seq])),
            }
        }
        let grouped = grouped.into_iter();
        units.extend(grouped.map(|(group, members)| (Some(group.clone()), members)));
        Self {
            choices: choices.into_iter(),
            units,
            durable: BTreeSet::new(),
            written: Vec::new(),
            settled: BTreeSet::new(),
            in_doubt: BTreeSet::new(),
            committing: BTreeSet::new(),
        }
    }

    fn write(&mut self, event: Event) {
        self.written.push((event, self.durable.clone()));
    }

    /// One of `n` ways to go on; 0, the good one, when there are no more choices.
    fn choose(&mut self, n: u8) -> u8 {
        self.choices.next().map_or(0, |choice| choice % n)
    }

    fn may_die(&mut self) -> Result<(), Killed> {
        if self.choose(5) == 4 {
            return Err(Killed);
        }
        Ok(())
    }

    fn run(mut self) -> Vec<(Event, BTreeSet<u32>)> {
        self.write(run_started());
        while self.process().is_err() {
            self.write(resumed());
        }
        self.written
    }

    fn process(&mut self) -> Result<(), Killed> {
        for (group, members) in self.units.clone() {
            match group {
                None => self.alone(members[0])?,
                Some(group) => self.together(&group, &members)?,
            }
        }
        self.write(Event::Finished);
        self.may_die()
    }

    fn alone(&mut self, seq: u32) -> Result<(), Killed> {
        if self.settled.contains(&seq) {
            return Ok(());
        }
        if !(self.in_doubt.contains(&seq) && self.durable.contains(&seq)) {
            if !self.in_doubt.contains(&seq) && self.choose(6) == 5 {
                self.settled.insert(seq);
                self.write(skipped(seq));
                return self.may_die();
            }
            self.write(started(seq));
            self.in_doubt.insert(seq);
            self.may_die()?;
            let outcome = self.choose(4);
            if outcome != 3 {
                self.durable.insert(seq);
            }
            self.may_die()?;
            if outcome > 1 {
                self.write(failed(seq));
                self.in_doubt.remove(&seq);
                return Err(Killed);
            }
        }
        self.write(succeeded(seq));
        self.settled.insert(seq);
        self.may_die()
    }

    fn together(&mut self, group: &str, members: &[u32]) -> Result<(), Killed> {
        if members.iter().all(|seq| self.settled.contains(seq)) {
            return Ok(());
        }
        let to_run = |settled: &BTreeSet<u32>| -> BTreeSet<u32> {
            let open = members.iter().filter(|seq| !settled.contains(seq));
            open.copied().collect()
        };
        if self.committing.remove(group) {
            let ran = to_run(&self.settled);
            if ran.is_subset(&self.durable) {
                self.write(committed(group, Some("marker")));
                self.settled.extend(ran);
                return self.may_die();
            }
            self.write(rolled_back(group));
            self.may_die()?;
        }
        for seq in to_run(&self.settled) {
            if self.choose(6) == 5 {
                self.settled.insert(seq);
                self.write(skipped(seq));
                self.may_die()?;
                continue;
            }
            self.write(started(seq));
            self.may_die()?;
            if self.choose(4) == 3 {
                self.write(failed(seq));
                self.may_die()?;
                self.write(rolled_back(group));
                return Err(Killed);
            }
            self.write(succeeded(seq));
            self.may_die()?;
        }
        let ran = to_run(&self.settled);
        self.write(committing(group));
        self.committing.insert(group.to_owned());
        self.may_die()?;
        if self.choose(4) == 3 {
            self.write(rolled_back(group));
            self.committing.remove(group);
            return Err(Killed);
        }
        self.durable.extend(&ran);
        self.may_die()?;
        self.write(committed(group, None));
        self.committing.remove(group);
        self.settled.extend(ran);
        self.may_die()
    }
}

fn items() -> impl Strategy<Value = Vec<(u32, Option<String>)>> {
    let group = prop_oneof![
        Just(None),
        Just(Some("a".to_owned())),
        Just(Some("b".to_owned()))
    ];
    vec(group, 0..7).prop_map(|groups| (1..).zip(groups).collect())
}

fn legal() -> impl Strategy<Value = Vec<Event>> {
    (items(), vec(any::<u8>(), 0..60)).prop_map(|(items, choices)| {
        let written = Simulation::of(&items, choices).run();
        written.into_iter().map(|(event, _)| event).collect()
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let seq = 0..5_u32;
    let group = prop_oneof![Just("a"), Just("b"), Just("c")];
    prop_oneof![
        1 => Just(run_started()),
        2 => Just(resumed()),
        8 => seq.clone().prop_map(started),
        8 => seq.clone().prop_map(succeeded),
        3 => seq.clone().prop_map(failed),
        2 => seq.clone().prop_map(skipped),
        1 => seq.prop_map(cloned),
        4 => group.clone().prop_map(committing),
        4 => group.clone().prop_map(|group| committed(group, None)),
        3 => group.prop_map(rolled_back),
        1 => Just(Event::Finished),
        1 => Just(Event::Unknown),
    ]
}

proptest! {
    /// Wherever the run is killed, what replay calls done is kept by the database, and what it calls pending is not.
    #[test]
    fn any_prefix_of_a_journal_replays_to_the_truth(
        items in items(),
        choices in vec(any::<u8>(), 0..80),
    ) {
        let written = Simulation::of(&items, choices).run();
        let events: Vec<_> = written.iter().map(|(event, _)| event.clone()).collect();
        for end in 1..=events.len() {
            let progress = replay(&events[..end], &items);
            prop_assert!(progress.is_ok(), "{:?} after {:?}", progress, &events[..end]);
            let progress = progress.unwrap();
            let surely = &written[end - 1].1;
            let possibly = &written.get(end).unwrap_or(&written[end - 1]).1;
            for (seq, state) in &progress.items {
                match state {
                    State::Done { .. } => prop_assert!(surely.contains(seq), "{seq} at {end}: {events:?}"),
                    State::Pending => prop_assert!(!possibly.contains(seq), "{seq} at {end}: {events:?}"),
                    _ => {}
                }
            }
        }
        let progress = replay(&events, &items).unwrap();
        prop_assert!(progress.finished);
        prop_assert!(progress.items.values().all(State::is_settled));
    }

    #[test]
    fn a_journal_cut_anywhere_is_its_whole_lines_and_a_torn_one(events in legal(), at in any::<prop::sample::Index>()) {
        let written = text(&events);
        let cut = &written[..at.index(written.len() + 1)];
        let whole = cut.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = cut.iter().filter(|byte| **byte == b'\n').count();
        match read(cut) {
            Err(JournalError::Empty) => prop_assert!(cut.is_empty()),
            Err(other) => prop_assert!(false, "{other:?}"),
            Ok(journal) => {
                prop_assert_eq!(journal.events(), &events[..lines]);
                prop_assert_eq!(journal.torn, (whole < cut.len()).then_some(whole as u64));
                prop_assert_eq!(journal.next(), lines as u64 + 1);
            }
        }
    }

    #[test]
    fn a_changed_byte_before_the_last_line_is_refused(
        events in legal(),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut written = text(&events);
        let last = written[..written.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        written[at.index(last + 1)] ^= change;
        prop_assert!(read(&written).is_err());
    }

    #[test]
    fn bytes_never_panic(noise in vec(any::<u8>(), 0..200), events in legal(), at in any::<prop::sample::Index>()) {
        let _ = read(&noise);
        let mut written = text(&events);
        let at = at.index(written.len());
        written.splice(at..at, noise);
        let _ = read(&written);
    }

    #[test]
    fn events_never_panic(events in vec(any_event(), 0..30), items in items()) {
        let _ = replay(&events, &items);
        let mut after_start = vec![run_started()];
        after_start.extend(events.clone());
        let _ = replay(&after_start, &items);
        let _ = events.iter().try_fold(State::Pending, State::after);
        let _ = events.iter().try_fold(GroupState::Pending, GroupState::after);
    }
}
