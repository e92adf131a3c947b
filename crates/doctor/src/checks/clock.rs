//! Whose clock is right: the kernel's word on it, a time server's, and the server's own `Date`.
//!
//! A time server that cannot be reached is no fault; then the question stays open.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::finding::{Finding, Proof, Verdict};
use crate::sntp;

/// Whether somebody keeps this clock right, as systemd tells it.
pub(crate) async fn kernel() -> Finding {
    const ID: &str = "clock.kernel";
    let asked = tokio::task::spawn_blocking(|| {
        Command::new("timedatectl")
            .args(["show", "--property=NTPSynchronized", "--value"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
    });
    let answer = tokio::time::timeout(TIME, asked).await;
    let text = match answer {
        Ok(Ok(Ok(output))) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => String::new(),
    };
    match text.as_str() {
        "yes" => Finding::new(ID, Verdict::Ok, "The system clock is synchronized."),
        "no" => Finding::new(ID, Verdict::Warning, "Nobody synchronizes the system clock.")
            .cured_by("timedatectl set-ntp true, or run chrony."),
        _ => Finding::new(
            ID,
            Verdict::Unknown,
            "Whether the system clock is synchronized is not known here: timedatectl does not say.",
        ),
    }
}

/// What a time server says; with by how much it is ahead.
pub(crate) async fn ntp(server: Option<&str>) -> (Finding, Option<f64>) {
    const ID: &str = "clock.ntp";
    let Some(server) = server else {
        return (
            Finding::new(ID, Verdict::Skipped, "No time server was asked."),
            None,
        );
    };
    match sntp::offset(server).await {
        Ok(ahead) => (of_ntp(ID, server, ahead), Some(ahead)),
        Err(why) => (
            Finding::new(
                ID,
                Verdict::Unknown,
                format!("The time server did not help: {why}."),
            ),
            None,
        ),
    }
}

fn of_ntp(id: &'static str, server: &str, ahead: f64) -> Finding {
    let (far, way) = (ahead.abs(), if ahead > 0.0 { "behind" } else { "ahead of" });
    let seen = format!("This clock is {far:.1} s {way} {server}.");
    let cure = "Set the clock: timedatectl set-ntp true, w32tm /resync, wsl --shutdown.";
    if far > FORGIVEN_SECONDS {
        return Finding::new(id, Verdict::Failed, seen)
            .because("CLK-SKEW", Proof::Exact)
            .cured_by(cure);
    }
    if far > UNEASY_SECONDS {
        return Finding::new(id, Verdict::Warning, seen).cured_by(cure);
    }
    Finding::new(
        id,
        Verdict::Ok,
        format!("This clock is right by {server}: {far:.1} s {way} it."),
    )
}

/// What the server's `Date` says, which lies between two moments of ours; with by how many seconds it is ahead.
pub(crate) fn server(date: Option<i64>, asked: i64, answered: i64, ntp: Option<f64>) -> (Finding, i64) {
    const ID: &str = "clock.server";
    let Some(date) = date else {
        return (
            Finding::new(ID, Verdict::Unknown, "The server's answers have no Date."),
            0,
        );
    };
    let ahead = if date < asked {
        date.saturating_sub(asked)
    } else {
        date.saturating_sub(answered).max(0)
    };
    let far = ahead.unsigned_abs() as f64;
    let way = if ahead > 0 { "behind" } else { "ahead of" };
    if far <= UNEASY_SECONDS {
        let seen = match ahead {
            0 => "The server's clock and this one agree.".to_owned(),
            _ => format!("This clock is {far:.0} s {way} the server's."),
        };
        return (Finding::new(ID, Verdict::Ok, seen), ahead);
    }
    let (hours, minutes) = (ahead.unsigned_abs() / 3600, ahead.unsigned_abs() % 3600 / 60);
    let mut seen = format!("This clock is {hours} h {minutes} min {way} the server's.");
    let is_ours_right = ntp.is_some_and(|ntp| ntp.abs() <= UNEASY_SECONDS);
    let cure = if is_ours_right {
        seen.push_str(" By the time server this clock is right, so the server's is wrong.");
        "Set the clock of the server."
    } else {
        "Set this clock: timedatectl set-ntp true, w32tm /resync, wsl --shutdown."
    };
    if far <= FORGIVEN_SECONDS {
        return (Finding::new(ID, Verdict::Warning, seen).cured_by(cure), ahead);
    }
    // Local time taken for UTC is off by quarters of an hour.
    let beyond = ahead.unsigned_abs() % QUARTER_SECONDS;
    let is_zone = beyond.min(QUARTER_SECONDS - beyond) <= ZONE_SLACK_SECONDS && hours <= ZONE_HOURS_MAX;
    let cause = if is_zone { "CLK-TZ" } else { "CLK-SKEW" };
    if is_zone {
        seen.push_str(" That is a difference between time zones.");
    }
    seen.push_str(" Every request is refused for that; the rest was examined with the server's time.");
    let finding = Finding::new(ID, Verdict::Failed, seen)
        .because(cause, Proof::Exact)
        .cured_by(cure);
    (finding, ahead)
}

/// What S3 forgives.
const FORGIVEN_SECONDS: f64 = 900.0;
/// More than this is not the line.
const UNEASY_SECONDS: f64 = 60.0;
const QUARTER_SECONDS: u64 = 900;
const ZONE_SLACK_SECONDS: u64 = 60;
const ZONE_HOURS_MAX: u64 = 14;
/// How long timedatectl may take.
const TIME: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_date_tells_whose_clock_is_how_far_off() {
        let (asked, answered) = (10_000, 10_002);
        for (date, ntp, verdict, cause, says) in [
            (Some(10_001), None, Verdict::Ok, None, "agree"),
            (Some(10_030), None, Verdict::Ok, None, "28 s behind"),
            (Some(10_400), None, Verdict::Warning, None, "6 min behind"),
            (
                Some(12_000),
                None,
                Verdict::Failed,
                Some("CLK-SKEW"),
                "33 min behind",
            ),
            (
                Some(10_001 + 7200),
                None,
                Verdict::Failed,
                Some("CLK-TZ"),
                "time zones",
            ),
            (
                Some(10_000 - 3600),
                None,
                Verdict::Failed,
                Some("CLK-TZ"),
                "1 h 0 min ahead of",
            ),
            (
                Some(12_000),
                Some(0.2),
                Verdict::Failed,
                Some("CLK-SKEW"),
                "the server's is wrong",
            ),
            (None, None, Verdict::Unknown, None, "no Date"),
        ] {
            let (found, _) = server(date, asked, answered, ntp);
            assert_eq!(
                (found.verdict, found.cause.map(|(id, _)| id)),
                (verdict, cause),
                "{date:?}: {}",
                found.seen
            );
            assert!(found.seen.contains(says), "{}", found.seen);
        }
        assert_eq!(server(Some(12_002), asked, answered, None).1, 2000);
        assert_eq!(server(Some(8_000), asked, answered, None).1, -2000);
    }

    #[test]
    fn a_time_server_tells_how_far_off_this_clock_is() {
        for (ahead, verdict) in [
            (0.3, Verdict::Ok),
            (-61.0, Verdict::Warning),
            (4000.0, Verdict::Failed),
            (-4000.0, Verdict::Failed),
        ] {
            assert_eq!(of_ntp("clock.ntp", "t", ahead).verdict, verdict, "{ahead}");
        }
    }

    #[tokio::test]
    async fn a_time_server_that_cannot_be_reached_leaves_the_question_open() {
        let (found, ahead) = ntp(Some("127.0.0.1:1")).await;
        assert_eq!((found.verdict, ahead), (Verdict::Unknown, None), "{}", found.seen);
        assert_eq!(ntp(None).await.0.verdict, Verdict::Skipped);
    }
}
