//! Folders, locks, the registry's answers and the Configuration Tool's log, on real files.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use envclone_machine::{
    Installation, Machine, MachineError, Patience, Quiet, StandIn, config_tool_log, empty_folder,
    link_on, machine_configs, names, put_in_place, wait_until_unlocked,
};
use secrecy::SecretString;

/// An installation with both folders filled.
fn installation() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let installation = folder
        .path()
        .canonicalize()
        .unwrap()
        .join("Platform Server");
    for part in ["share/a/b", "BAR/empty", "docs"] {
        fs::create_dir_all(installation.join(part)).unwrap();
    }
    fs::write(installation.join("ConfigurationTool.com"), "").unwrap();
    fs::write(installation.join("docs/kept"), "1").unwrap();
    fs::write(installation.join("share/one"), "12345").unwrap();
    fs::write(installation.join("share/a/b/two"), "123").unwrap();
    (folder, installation)
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// Nothing is deleted, and it is said why.
fn refused(installation: &Path, path: &Path, why: &str) {
    let error = empty_folder(installation, path).unwrap_err();
    assert!(matches!(error, MachineError::Refused { .. }), "{error}");
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn a_folder_is_emptied_and_kept() {
    let (_folder, installation) = installation();
    let share = installation.join("share");
    let emptied = empty_folder(&installation, &share).unwrap();
    assert_eq!((emptied.files, emptied.folders, emptied.bytes), (2, 2, 8));
    assert_eq!(
        emptied.to_string(),
        "2 files and 2 folders with 8 bytes were deleted"
    );
    assert_eq!(entries(&share), 0);
    assert_eq!(entries(&installation.join("docs")), 1);
    // Again, and where it is not there at all, there is nothing to do.
    assert_eq!(empty_folder(&installation, &share).unwrap().files, 0);
    fs::remove_dir(&share).unwrap();
    assert_eq!(empty_folder(&installation, &share).unwrap().files, 0);
    // Names are the same in any case, as on Windows.
    fs::rename(installation.join("BAR"), installation.join("bar")).unwrap();
    let emptied = empty_folder(&installation, &installation.join("bar")).unwrap();
    assert_eq!(emptied.folders, 1);
}

#[test]
fn no_other_folder_is_emptied() {
    let (folder, installation) = installation();
    let share = installation.join("share");
    refused(&installation, &installation, "neither `share` nor `BAR`");
    refused(&installation, &installation.join("docs"), "neither");
    refused(&installation, Path::new("/"), "neither");
    fs::create_dir(installation.join("docs/share")).unwrap();
    refused(
        &installation,
        &installation.join("docs/share"),
        "not right under the installation folder",
    );
    refused(
        &installation,
        &installation.join("docs/../share"),
        "not an absolute one",
    );
    refused(Path::new("x"), Path::new("x/share"), "not an absolute one");
    refused(
        folder.path(),
        &folder.path().join("share"),
        "no ConfigurationTool.com",
    );
    fs::remove_dir_all(installation.join("BAR")).unwrap();
    fs::write(installation.join("BAR"), "").unwrap();
    refused(&installation, &installation.join("BAR"), "it is a file");
    assert_eq!(entries(&share), 2);
    assert_eq!(entries(&installation.join("docs")), 2);
}

#[test]
fn a_link_is_never_followed() {
    let (folder, installation) = installation();
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("precious"), "precious").unwrap();
    // A link in the folder is deleted; what it leads to is not.
    let share = installation.join("share");
    symlink(&elsewhere, share.join("link")).unwrap();
    let emptied = empty_folder(&installation, &share).unwrap();
    assert_eq!((emptied.files, emptied.bytes), (3, 8));
    assert_eq!(entries(&elsewhere), 1);
    // The folder itself is a link.
    fs::remove_dir(&share).unwrap();
    symlink(&elsewhere, &share).unwrap();
    refused(&installation, &share, "it is a link to another folder");
    // The installation is one.
    let alias = folder.path().canonicalize().unwrap().join("alias");
    symlink(&installation, &alias).unwrap();
    refused(
        &alias,
        &alias.join("BAR"),
        "the installation folder is a link",
    );
    assert_eq!(entries(&elsewhere), 1);
}

/// Keeps what is in a folder from being deleted, until it is dropped. None where nothing keeps it from this user.
struct Kept(PathBuf);

impl Kept {
    fn new(folder: &Path) -> Option<Self> {
        // Root needs more than permissions to be held up, and others may not set more.
        chattr("+i", folder);
        fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).ok();
        let kept = Self(folder.to_owned());
        let probe = folder.join("probe");
        fs::write(&probe, "").is_err().then_some(kept)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        chattr("-i", &self.0);
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o755)).ok();
    }
}

fn chattr(change: &str, folder: &Path) {
    std::process::Command::new("chattr")
        .arg(change)
        .arg(folder)
        .output()
        .ok();
}

#[test]
fn what_can_not_be_deleted_is_said() {
    let (_folder, installation) = installation();
    let share = installation.join("share");
    let held = share.join("a/b");
    let Some(kept) = Kept::new(&held) else {
        println!("not checked: nothing here can be kept from this user");
        return;
    };
    let error = empty_folder(&installation, &share).unwrap_err();
    drop(kept);
    let MachineError::LeftOver { emptied, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (emptied.files, emptied.bytes, emptied.left_count),
        (1, 5, 1)
    );
    assert_eq!(emptied.left[0].path, held.join("two"));
    assert!(
        error
            .to_string()
            .contains("1 files and 0 folders with 5 bytes were deleted, 1 could not be")
    );
    assert!(error.hint().contains("what is gone stays gone"));
    assert!(!share.join("one").exists());
    // Once nothing holds it, the rest goes.
    assert_eq!(empty_folder(&installation, &share).unwrap().files, 1);
}

#[test]
fn a_locked_file_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let machine = StandIn::new(folder.path());
    let [path, of_32_bits] = machine_configs(&machine).unwrap();
    assert!(path.ends_with("Microsoft.NET/Framework64/v4.0.30319/Config/machine.config"));
    assert!(of_32_bits.ends_with("Microsoft.NET/Framework/v4.0.30319/Config/machine.config"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let error = wait_until_unlocked(&machine, &path, &Patience::FILE, &Quiet).unwrap_err();
    assert!(matches!(error, MachineError::System { .. }), "{error}");
    fs::write(&path, "").unwrap();
    let machine = machine.locked(&path, 3);
    wait_until_unlocked(&machine, &path, &Patience::FILE, &Quiet).unwrap();
    assert_eq!(machine.clock(), Duration::from_secs(30));
    let machine = machine.locked(&path, u32::MAX);
    let error = wait_until_unlocked(&machine, &path, &Patience::FILE, &Quiet).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is still held by another program after 10 min"),
        "{error}"
    );
    assert!(error.hint().contains("Configuration Tool"));
}

#[test]
fn the_installation_is_read_from_the_registry() {
    let folder = tempfile::tempdir().unwrap();
    let machine = StandIn::new(folder.path());
    let error = Installation::of(&machine).unwrap_err();
    assert!(
        matches!(error, MachineError::NotInstalled { .. }),
        "{error}"
    );
    let installer = r"SOFTWARE\OutSystems\Installer\Server";
    let platform = r"SOFTWARE\OutSystems\Platform Server";
    let machine = machine.value(installer, "", "/srv/Platform Server");
    let error = Installation::of(&machine).unwrap_err();
    assert!(error.to_string().contains("its version"), "{error}");
    let machine = machine
        .installed(Path::new("/srv/Platform Server"), "11.22.0.39582")
        .value(installer, "ServiceCenter", "11.22.0.39582")
        .value(installer, "LifeTime", " ")
        .value(platform, "SerialNumber", "ABC-123")
        .value(platform, "MachineName", "FE1");
    let installation = Installation::of(&machine).unwrap();
    assert_eq!(installation.version, "11.22.0.39582");
    assert_eq!(installation.serial_number.as_deref(), Some("ABC-123"));
    assert_eq!(installation.machine_name.as_deref(), Some("FE1"));
    assert_eq!(
        installation.service_center.as_deref(),
        Some("11.22.0.39582")
    );
    assert_eq!(installation.system_components, None);
    assert_eq!(installation.lifetime, None);
    assert_eq!(
        installation.configuration_tool(),
        Path::new("/srv/Platform Server/ConfigurationTool.com")
    );
}

#[test]
fn the_log_is_read_from_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let machine = StandIn::new(folder.path());
    let log = config_tool_log::path(&machine).unwrap();
    let secrets: [SecretString; 1] = ["s3cr3t pass".to_owned().into()];
    let mark = config_tool_log::mark(&log).unwrap();
    let findings = config_tool_log::read(&log, mark, &secrets).unwrap();
    assert!(!findings.there);
    fs::write(&log, "ERROR of another day\n").unwrap();
    let mark = config_tool_log::mark(&log).unwrap();
    let more = "ERROR of another day\nConnecting as sa / s3cr3t pass\nFinished with 0 errors\nSystem.Exception: login of 's3cr3t pass' failed\r\n";
    fs::write(&log, more).unwrap();
    let findings = config_tool_log::read(&log, mark, &secrets).unwrap();
    assert!(findings.there && findings.secrets);
    assert_eq!(findings.lines, 3);
    assert_eq!(findings.errors, ["System.Exception: login of '***' failed"]);
    // Begun anew: what stands in it is of this run.
    fs::write(&log, "ERROR\n").unwrap();
    let findings = config_tool_log::read(&log, mark, &secrets).unwrap();
    assert_eq!(findings.errors, ["ERROR"]);
    assert!(!findings.secrets);
    // .NET may write UTF-16.
    let wide: Vec<u8> = more.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&log, wide).unwrap();
    let findings = config_tool_log::read(&log, config_tool_log::Mark::default(), &secrets).unwrap();
    assert!(findings.secrets);
    assert_eq!(findings.errors.len(), 2);
    let wide: Vec<u8> = "all well"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(&log, wide).unwrap();
    let findings = config_tool_log::read(&log, config_tool_log::Mark::default(), &secrets).unwrap();
    assert!(findings.there && !findings.secrets);
}

#[test]
fn the_log_is_removed_or_protected() {
    let folder = tempfile::tempdir().unwrap();
    let machine = StandIn::new(folder.path());
    let log = config_tool_log::path(&machine).unwrap();
    fs::write(&log, "sa / secret").unwrap();
    let error = config_tool_log::protect(&machine, &log, &Quiet).unwrap_err();
    assert!(
        matches!(error, MachineError::ProgramMissing { .. }),
        "{error}"
    );
    machine.program("icacls.exe", "");
    config_tool_log::protect(&machine, &log, &Quiet).unwrap();
    assert_eq!(
        machine.calls("icacls.exe"),
        [[
            log.to_str().unwrap(),
            "/inheritance:r",
            "/grant:r",
            "*S-1-5-32-544:F",
            "*S-1-5-18:F"
        ]]
    );
    machine.program("icacls.exe", "echo 'Access is denied.'; exit 5");
    let error = config_tool_log::protect(&machine, &log, &Quiet).unwrap_err();
    assert!(error.to_string().contains("Access is denied"), "{error}");
    config_tool_log::remove(&log).unwrap();
    assert!(!log.exists());
    config_tool_log::remove(&log).unwrap();
}

#[test]
fn versions_before_11_16_write_credentials() {
    for (version, holds) in [
        ("11.15.0.34868", true),
        ("11.9", true),
        ("10.0.1005.2", true),
        ("11.16.0.35172", false),
        ("11.29.0", false),
        ("12.0", false),
        ("", true),
        ("newest", true),
    ] {
        assert_eq!(
            config_tool_log::holds_credentials(version),
            holds,
            "{version}"
        );
    }
}

#[test]
#[cfg(not(windows))]
fn a_machine_without_windows_says_so_whatever_it_is_asked() {
    let here = envclone_machine::here();
    let path = Path::new("x");
    let command = envclone_machine::Command::on_path("sh").arg("-c");
    let answers: [Result<(), MachineError>; 10] = [
        here.name().map(drop),
        here.elevated().map(drop),
        here.service("W3SVC").map(drop),
        here.ask_to_stop("W3SVC"),
        here.ask_to_start("W3SVC"),
        here.set_start_type("W3SVC", envclone_machine::StartType::Manual),
        here.run(&command, &Quiet).map(drop),
        here.registry("SOFTWARE", "").map(drop),
        here.windows_folder().map(drop),
        here.is_locked(path).map(drop),
    ];
    for answer in answers {
        let error = answer.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("this machine is no Windows machine: "),
            "{error}"
        );
        assert!(error.hint().contains("PowerShell script"));
    }
}

#[test]
fn a_file_in_another_s_place_keeps_who_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.hsconf");
    let partial = folder.path().join("server.hsconf.partial");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    put_in_place(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    for kept in [0o640, 0o604] {
        fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
        // What a killed process left, which may be a link that somebody made.
        let victim = folder.path().join("victim");
        fs::write(&victim, "untouched").unwrap();
        symlink(&victim, &partial).unwrap();
        put_in_place(&path, b"newer").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"newer");
        assert_eq!(mode(), kept);
        assert_eq!(fs::read(&victim).unwrap(), b"untouched");
        assert!(!partial.exists());
        fs::write(&partial, "left by a process that was killed").unwrap();
        put_in_place(&path, b"new").unwrap();
        assert!(!partial.exists());
    }
}

#[test]
fn of_a_file_that_can_t_be_put_in_place_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    // A folder is replaced by no file.
    let path = folder.path().join("server.hsconf");
    fs::create_dir(&path).unwrap();
    let error = put_in_place(&path, b"geheim").unwrap_err();
    assert!(error.to_string().contains("could not write"), "{error}");
    assert_eq!(entries(folder.path()), 1);
    // What can't be removed is said.
    let partial = folder.path().join("private.key.partial");
    fs::create_dir(&partial).unwrap();
    let path = folder.path().join("private.key");
    let error = put_in_place(&path, b"geheim").unwrap_err();
    let left = "private.key.partial`, which may hold passwords";
    assert!(error.to_string().contains(left), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_link_on_the_way_is_found() {
    let (folder, installation) = installation();
    let folder = folder.path().canonicalize().unwrap();
    let tool = |folder: &Path| folder.join("ConfigurationTool.com");
    assert_eq!(link_on(&tool(&installation)).unwrap(), None);
    let alias = folder.join("alias");
    symlink(&installation, &alias).unwrap();
    assert_eq!(link_on(&tool(&alias)).unwrap(), Some(alias.clone()));
    // Anywhere on the way.
    let inside = alias.join("docs");
    assert_eq!(link_on(&inside.join("kept")).unwrap(), Some(alias));
    symlink(tool(&installation), folder.join("tool")).unwrap();
    assert_eq!(
        link_on(&folder.join("tool")).unwrap(),
        Some(folder.join("tool"))
    );
    // What is not there leads nowhere.
    assert_eq!(link_on(&folder.join("no/such/tool")).unwrap(), None);
}

#[test]
fn a_machine_is_known_by_its_short_and_its_full_names() {
    let folder = tempfile::tempdir().unwrap();
    let parameters = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
    let machine = StandIn::new(folder.path()).named("CUSTOMER-WEB-SE");
    assert_eq!(names(&machine).unwrap(), ["CUSTOMER-WEB-SE"]);
    let machine = machine
        .value(parameters, "Hostname", "customer-web-server-1")
        .value(parameters, "Domain", "");
    assert_eq!(
        names(&machine).unwrap(),
        ["CUSTOMER-WEB-SE", "customer-web-server-1"]
    );
    let machine = machine.value(parameters, "Domain", "corp.example.");
    assert_eq!(
        names(&machine).unwrap(),
        [
            "CUSTOMER-WEB-SE",
            "customer-web-server-1.corp.example",
            "customer-web-server-1"
        ]
    );
}
