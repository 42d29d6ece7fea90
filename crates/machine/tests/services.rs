//! Stopping, starting and holding, on a scripted machine: which order, which patience, and what is said when it fails.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::cell::RefCell;
use std::time::Duration;

use envclone_machine::{
    Behaviour, Ended, Event, Halted, Machine, MachineError, Patience, PlatformService, Quiet,
    Scheduler, StandIn, StartType, State, Watch, find, hold_scheduler, running, start,
    start_services, stop, stop_services,
};

const CONTROLLER: &str = "OutSystems Deployment Controller Service";
const DEPLOYMENT: &str = "OutSystems Deployment Service";
const LOG: &str = "OutSystems Log Service";
const SCHEDULER: &str = "OutSystems Scheduler Service";
const SMS: &str = "OutSystems SMS Connector Service";

const MINUTE: Duration = Duration::from_secs(60);

/// A machine with the whole platform, and the folder that it lives in.
fn platform() -> (tempfile::TempDir, StandIn) {
    let folder = tempfile::tempdir().unwrap();
    let machine = StandIn::with_platform(folder.path());
    (folder, machine)
}

/// The platform, stopped as a run leaves it.
fn stopped() -> (tempfile::TempDir, StandIn) {
    let folder = tempfile::tempdir().unwrap();
    let machine =
        PlatformService::STOPPING
            .iter()
            .fold(StandIn::new(folder.path()), |machine, service| {
                let start_type = match service {
                    PlatformService::Scheduler => StartType::Disabled,
                    _ => StartType::Automatic,
                };
                machine.service(service.name(), State::Stopped, start_type)
            });
    (folder, machine)
}

/// Keeps what it hears, and interrupts when it has heard enough.
#[derive(Default)]
struct Ear {
    heard: RefCell<Vec<String>>,
    enough: Option<&'static str>,
}

impl Watch for Ear {
    fn event(&self, event: &Event<'_>) {
        self.heard.borrow_mut().push(event.to_string());
    }

    fn interrupted(&self) -> bool {
        let heard = self.heard.borrow();
        self.enough
            .is_some_and(|enough| heard.iter().any(|line| line.contains(enough)))
    }
}

fn state(machine: &StandIn, name: &str) -> State {
    machine.service(name).unwrap().unwrap().state
}

fn start_type(machine: &StandIn, name: &str) -> StartType {
    machine.service(name).unwrap().unwrap().start_type
}

#[test]
fn the_scheduler_is_disabled_before_it_stops_and_stops_before_the_others() {
    let (_folder, machine) = platform();
    let done = stop_services(&machine, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(
        machine.told(),
        [
            format!("set {SCHEDULER} disabled"),
            format!("stop {SCHEDULER}"),
            format!("stop {SMS}"),
            format!("stop {DEPLOYMENT}"),
            format!("stop {CONTROLLER}"),
            format!("stop {LOG}"),
        ]
    );
    let ended: Vec<_> = done.iter().map(|one| one.ended).collect();
    assert_eq!(
        ended,
        [
            Ended::Held,
            Ended::Stopped,
            Ended::Stopped,
            Ended::Stopped,
            Ended::Stopped
        ]
    );
    assert!(running(&machine).unwrap().is_empty());
    assert_eq!(
        done[0].to_string(),
        format!("{SCHEDULER}: disabled and stopped; it was running, automatic")
    );
}

#[test]
fn what_still_runs_is_told_with_iis() {
    let (_folder, machine) = platform();
    let machine = machine
        .service("W3SVC", State::Stopping, StartType::Automatic)
        .without(LOG);
    stop(&machine, SMS, &Patience::SERVICES, &Quiet).unwrap();
    let names: Vec<_> = running(&machine)
        .unwrap()
        .into_iter()
        .map(|service| service.key)
        .collect();
    assert_eq!(names, [SCHEDULER, DEPLOYMENT, CONTROLLER, "W3SVC"]);
}

#[test]
fn services_that_are_not_there_are_said_to_be_missing() {
    let (_folder, machine) = platform();
    let machine = machine.without(LOG).without(SMS).without(SCHEDULER);
    let ear = Ear::default();
    let done = stop_services(&machine, &Patience::SERVICES, &ear).unwrap();
    let missing: Vec<_> = done
        .iter()
        .filter(|one| one.ended == Ended::Missing)
        .map(|one| one.service)
        .collect();
    assert_eq!(
        missing,
        [
            PlatformService::Scheduler,
            PlatformService::SmsConnector,
            PlatformService::Log
        ]
    );
    let heard = ear.heard.borrow();
    assert!(heard.contains(&format!("{LOG}: not on this machine")));
    let done = start_services(&machine, Scheduler::Released, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(done.len(), 5);
    assert_eq!(done[4].ended, Ended::Missing);
}

#[test]
fn a_service_is_found_by_either_name_and_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let machine = StandIn::new(folder.path())
        .service(
            "OutSystems SMS Connector",
            State::Running,
            StartType::Automatic,
        )
        .service_with_key("OSSched", SCHEDULER, State::Running, StartType::Automatic);
    let sms = find(&machine, PlatformService::SmsConnector)
        .unwrap()
        .unwrap();
    assert_eq!(sms.key, "OutSystems SMS Connector");
    stop_services(&machine, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(
        machine.told(),
        [
            "set OSSched disabled",
            "stop OSSched",
            "stop OutSystems SMS Connector"
        ]
    );
}

#[test]
fn what_is_stopped_already_is_not_told_again() {
    let (_folder, machine) = stopped();
    let done = stop_services(&machine, &Patience::SERVICES, &Quiet).unwrap();
    assert!(machine.told().is_empty());
    assert_eq!(done.len(), 5);
}

#[test]
fn a_service_that_takes_its_time_is_waited_for() {
    let (_folder, machine) = platform();
    let machine = machine.behaves(CONTROLLER, Behaviour::TakesLong(3 * MINUTE));
    let ear = Ear::default();
    stop_services(&machine, &Patience::SERVICES, &ear).unwrap();
    assert!(machine.clock() >= 3 * MINUTE);
    assert!(
        ear.heard
            .borrow()
            .contains(&format!("{CONTROLLER}: stopped after 3 min"))
    );
    // It is on its way: asking again would be idle.
    let asked = machine
        .told()
        .iter()
        .filter(|it| it.contains("Controller"))
        .count();
    assert_eq!(asked, 1);
}

#[test]
fn a_service_that_does_not_stop_ends_it_with_what_was_done() {
    let (_folder, machine) = platform();
    let machine = machine.behaves(DEPLOYMENT, Behaviour::NeverStops);
    let Halted { done, error } = stop_services(&machine, &Patience::SERVICES, &Quiet).unwrap_err();
    assert_eq!(done.len(), 2);
    assert_eq!(done[0].ended, Ended::Held);
    assert_eq!(
        error.to_string(),
        format!("the service `{DEPLOYMENT}` is stopping after 10 min, not stopped")
    );
    assert!(error.hint().contains("Application event log"));
    assert_eq!(state(&machine, CONTROLLER), State::Running);
}

#[test]
fn a_service_that_says_no_is_asked_every_half_minute() {
    let (_folder, machine) = platform();
    let machine = machine.behaves(LOG, Behaviour::RefusesToStop);
    let patience = Patience {
        limit: 2 * MINUTE,
        ..Patience::SERVICES
    };
    let error = stop(&machine, LOG, &patience, &Quiet).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the service `{LOG}` is running after 2 min, not stopped; the service manager said last: it does not take orders now (error 1061)"
        )
    );
    assert_eq!(machine.told().len(), 4);
    assert_eq!(machine.clock(), 2 * MINUTE);
}

#[test]
fn starting_follows_the_documented_order_with_the_scheduler_last() {
    let (_folder, machine) = stopped();
    start_services(&machine, Scheduler::Released, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(
        machine.told(),
        [
            format!("start {LOG}"),
            format!("start {CONTROLLER}"),
            format!("start {DEPLOYMENT}"),
            format!("start {SMS}"),
            format!("set {SCHEDULER} automatic"),
            format!("start {SCHEDULER}"),
        ]
    );
    assert_eq!(state(&machine, SCHEDULER), State::Running);
}

#[test]
fn without_a_release_the_scheduler_is_held_before_anything_starts() {
    let (_folder, machine) = stopped();
    // Somebody set it to automatic and started it meanwhile.
    machine
        .set_start_type(SCHEDULER, StartType::Automatic)
        .unwrap();
    machine.ask_to_start(SCHEDULER).unwrap();
    let done = start_services(&machine, Scheduler::Held, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(
        machine.told()[2..],
        [
            format!("set {SCHEDULER} disabled"),
            format!("stop {SCHEDULER}"),
            format!("start {LOG}"),
            format!("start {CONTROLLER}"),
            format!("start {DEPLOYMENT}"),
            format!("start {SMS}"),
        ]
    );
    assert_eq!(done[0].ended, Ended::Held);
    assert_eq!(done[0].before.as_ref().unwrap().state, State::Running);
    assert_eq!(state(&machine, SCHEDULER), State::Stopped);
}

#[test]
fn a_scheduler_that_somebody_sets_back_is_disabled_again() {
    let (_folder, machine) = platform();
    let machine = machine.behaves(SCHEDULER, Behaviour::IsSetBack);
    hold_scheduler(&machine, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(start_type(&machine, SCHEDULER), StartType::Disabled);
    assert_eq!(state(&machine, SCHEDULER), State::Stopped);
}

#[test]
fn a_start_that_fails_is_tried_again() {
    for behaviour in [Behaviour::StartsOnTry(3), Behaviour::DiesUntilTry(3)] {
        let (_folder, machine) = stopped();
        let machine = machine.behaves(DEPLOYMENT, behaviour);
        start(&machine, DEPLOYMENT, &Patience::SERVICES, &Quiet).unwrap();
        assert_eq!(machine.told().len(), 3, "{behaviour:?}");
        assert!(machine.clock() >= MINUTE && machine.clock() < 2 * MINUTE);
    }
}

#[test]
fn a_service_that_needs_the_controller_waits_for_it() {
    let (_folder, machine) = stopped();
    let machine = machine
        .behaves(DEPLOYMENT, Behaviour::NeedsController)
        .behaves(SCHEDULER, Behaviour::NeedsController)
        .behaves(CONTROLLER, Behaviour::TakesLong(MINUTE));
    start_services(&machine, Scheduler::Released, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(state(&machine, SCHEDULER), State::Running);
    // By itself it has to ask until its patience ends.
    let (_folder, machine) = stopped();
    let machine = machine.behaves(DEPLOYMENT, Behaviour::NeedsController);
    let error = start(&machine, DEPLOYMENT, &Patience::SERVICES, &Quiet).unwrap_err();
    assert!(error.to_string().contains("the controller does not answer"));
    assert!(error.hint().contains("Deployment Controller"));
    assert_eq!(machine.told().len(), 20);
}

#[test]
fn a_disabled_service_is_left_alone() {
    let (_folder, machine) = stopped();
    machine.set_start_type(LOG, StartType::Disabled).unwrap();
    let done = start_services(&machine, Scheduler::Held, &Patience::SERVICES, &Quiet).unwrap();
    let log = done
        .iter()
        .find(|one| one.service == PlatformService::Log)
        .unwrap();
    assert_eq!(log.ended, Ended::Disabled);
    assert_eq!(state(&machine, LOG), State::Stopped);
    let error = start(&machine, LOG, &Patience::SERVICES, &Quiet).unwrap_err();
    assert!(
        matches!(error, MachineError::ServiceDisabled { .. }),
        "{error}"
    );
}

#[test]
fn denied_access_is_said_at_once() {
    let (_folder, machine) = platform();
    let machine = machine.behaves(DEPLOYMENT, Behaviour::DeniesAccess);
    let halted = stop_services(&machine, &Patience::SERVICES, &Quiet).unwrap_err();
    assert!(matches!(halted.error, MachineError::AccessDenied { .. }));
    assert_eq!(halted.done.len(), 2);
    assert!(machine.clock() < Patience::SERVICES.again);
}

#[test]
fn a_process_that_is_not_elevated_is_told_how_to_be() {
    let (_folder, machine) = platform();
    let machine = machine.not_elevated();
    assert!(!machine.elevated().unwrap());
    let halted = stop_services(&machine, &Patience::SERVICES, &Quiet).unwrap_err();
    assert!(halted.done.is_empty());
    assert!(halted.error.hint().contains("Run as administrator"));
    assert_eq!(state(&machine, SCHEDULER), State::Running);
}

#[test]
fn a_person_can_end_the_waiting() {
    let (_folder, machine) = platform();
    let machine = machine.behaves(DEPLOYMENT, Behaviour::NeverStops);
    let ear = Ear {
        enough: Some("Deployment Service: asked"),
        ..Ear::default()
    };
    let halted = stop_services(&machine, &Patience::SERVICES, &ear).unwrap_err();
    assert_eq!(
        halted.to_string(),
        format!("interrupted while waiting for `{DEPLOYMENT}` to be stopped")
    );
    assert_eq!(halted.done.len(), 2);
}

#[test]
fn a_service_that_is_not_there_can_not_be_started() {
    let (_folder, machine) = platform();
    let error = start(&machine, "Nobody", &Patience::SERVICES, &Quiet).unwrap_err();
    assert!(
        matches!(error, MachineError::ServiceMissing { .. }),
        "{error}"
    );
}

#[test]
fn a_machine_that_is_kept_is_the_same_for_the_next_process() {
    let (folder, machine) = platform();
    let machine = machine
        .value("SOFTWARE\\Key", "", "text")
        .behaves(DEPLOYMENT, Behaviour::NeverStops)
        .kept();
    let halted = stop_services(&machine, &Patience::SERVICES, &Quiet).unwrap_err();
    assert_eq!(halted.done.len(), 2);
    drop(machine);
    let machine = StandIn::kept_in(folder.path());
    assert_eq!(machine.told().len(), 4);
    assert_eq!(state(&machine, SCHEDULER), State::Stopped);
    assert_eq!(start_type(&machine, SCHEDULER), StartType::Disabled);
    assert_eq!(state(&machine, DEPLOYMENT), State::Stopping);
    let text = machine.registry("software\\key", "").unwrap();
    assert_eq!(text.as_deref(), Some("text"));
}
