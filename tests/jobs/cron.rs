//! The next fire of a cron job, on the clock of its zone. Expected times are computed from the
//! answer's own `created_at`, by another library than the plane's parser.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday, date};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{JOBS, job};
use crate::harness::{Organization, Plane, Reply};

async fn cron(org: &Organization, schedule: &str, zone: &str) -> Reply {
    let fields = json!({"trigger_type": "cron", "cron_schedule": schedule, "cron_timezone": zone});
    let made = org.post(JOBS, job(fields)).await;
    assert_eq!(made.status, 201, "{schedule} {zone}: {made}");
    made
}

fn time(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("RFC 3339")
}

/// The first of these moments on the wall of a zone that is after an instant.
fn first_after(after: Timestamp, zone: &str, moments: impl Iterator<Item = DateTime>) -> Timestamp {
    let zone = TimeZone::get(zone).expect("a zone");
    let mut instants = moments.map(|moment| zone.to_timestamp(moment).expect("a time in it"));
    instants.find(|instant| *instant > after).expect("a moment")
}

/// The days from the day before an instant on.
fn days(from: Timestamp) -> impl Iterator<Item = Date> {
    let first = from.to_zoned(TimeZone::UTC).date().yesterday().expect("a day");
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
}

#[plane_test]
async fn a_job_fires_next_on_the_clock_of_its_zone() {
    let org = Plane::shared().organization().await;
    for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"] {
        let made = cron(&org, "30 4 1 7 *", zone).await;
        let at = time(&made.body["created_at"]);
        let year = at.to_zoned(TimeZone::UTC).year();
        let moments = (year - 1..year + 3).map(|year| date(year, 7, 1).at(4, 30, 0, 0));
        let expected = first_after(at, zone, moments);
        assert_eq!(time(&made.body["next_execution_at"]), expected, "{zone}");
        assert_eq!(made.body["next_run_at"], made.body["next_execution_at"]);
        assert_eq!(made.text("temporal_schedule_id"), format!("job-{}", made.text("id")));
        let shown = org.get(&format!("{JOBS}/{}", made.text("id"))).await;
        assert_eq!(shown.body["next_execution_at"], made.body["next_execution_at"]);
    }
}

#[plane_test]
async fn words_steps_and_last_days_are_understood() {
    let org = Plane::shared().organization().await;
    let weekday = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    type Matches = fn(&Date) -> bool;
    let cases: [(&str, (i8, i8, i8), Matches); 8] = [
        ("@daily", (0, 0, 0), |_| true),
        ("@weekly", (0, 0, 0), |day| day.weekday() == Weekday::Sunday),
        ("@monthly", (0, 0, 0), |day| day.day() == 1),
        ("@yearly", (0, 0, 0), |day| day.day() == 1 && day.month() == 1),
        ("0 9 * * MON-FRI", (9, 0, 0), |_| false),
        ("15 6 L * *", (6, 15, 0), |day| *day == day.last_of_month()),
        ("0 12 * JAN,JUL 1", (12, 0, 0), |day| {
            [1, 7].contains(&day.month()) && day.weekday() == Weekday::Monday
        }),
        // Six columns begin with the second.
        ("30 0 12 * * SUN", (12, 0, 30), |day| day.weekday() == Weekday::Sunday),
    ];
    for (schedule, (hour, minute, second), matches) in cases {
        let made = cron(&org, schedule, "Europe/Berlin").await;
        let at = time(&made.body["created_at"]);
        let matches =
            |day: &Date| if schedule.ends_with("FRI") { weekday(day) } else { matches(day) };
        let moments = days(at).filter(matches).map(|day| day.at(hour, minute, second, 0));
        let expected = first_after(at, "Europe/Berlin", moments);
        assert_eq!(time(&made.body["next_execution_at"]), expected, "{schedule}");
        assert_eq!(made.text("cron_schedule"), schedule, "as it was given");
    }
}

#[plane_test]
async fn a_preview_shows_the_next_fires_in_utc_and_on_the_wall() {
    let org = Plane::shared().organization().await;
    let made = cron(&org, "0 12 15 1,7 *", "Europe/Berlin").await;
    let path = format!("{JOBS}/{}/schedule", made.text("id"));
    let preview = org.get(&format!("{path}?count=4")).await;
    assert_eq!(preview.status, 200, "{preview}");
    let upcoming = preview.body["upcoming"].as_array().expect("times").clone();
    assert_eq!((upcoming.len(), &upcoming[0]), (4, &made.body["next_execution_at"]));
    for (utc, local) in upcoming.iter().zip(preview.body["upcoming_local"].as_array().unwrap()) {
        let (utc, local) = (utc.as_str().unwrap(), local.as_str().unwrap());
        // Noon in Berlin is 11 o'clock UTC in winter and 10 in summer.
        let (hour, offset) =
            if utc[5..7] == *"01" { ("T11:", "+01:00") } else { ("T10:", "+02:00") };
        assert!(utc.contains(hour) && utc.ends_with('Z'), "{utc}");
        assert!(local.contains("T12:00:00") && local.ends_with(offset), "{local}");
    }
    assert_eq!(org.get(&path).await.body["upcoming"].as_array().unwrap().len(), 5);
    for count in [0, -1, 51] {
        let reply = org.get(&format!("{path}?count={count}")).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, vec!["query.count".to_owned()]),
            "{count}"
        );
    }
    let manual = org.create(JOBS, job(json!({}))).await;
    assert_eq!(org.get(&format!("{JOBS}/{manual}/schedule")).await.status, 400);
}

#[plane_test]
async fn a_change_of_the_schedule_or_the_zone_moves_the_next_fire() {
    let org = Plane::shared().organization().await;
    let made = cron(&org, "0 0 1 1 *", "UTC").await;
    let path = format!("{JOBS}/{}", made.text("id"));
    let utc = time(&made.body["next_execution_at"]);
    let moved = org.patch(&path, json!({"cron_timezone": "Asia/Tokyo"})).await;
    // The new year comes to Tokyo nine hours earlier; if it has been there already, it is a year on.
    let in_tokyo = utc.checked_sub(jiff::SignedDuration::from_hours(9)).unwrap();
    let next = time(&moved.body["next_execution_at"]);
    assert!(next == in_tokyo || next > utc, "{next} after {utc}");
    let daily = org.patch(&path, json!({"cron_schedule": "0 0 * * *"})).await;
    assert!(time(&daily.body["next_execution_at"]) <= next, "{daily}");
    let renamed = org.patch(&path, json!({"name": "renamed"})).await;
    assert_eq!(renamed.body["next_execution_at"], daily.body["next_execution_at"]);
}

#[plane_test]
async fn a_disabled_job_does_not_fire() {
    let org = Plane::shared().organization().await;
    let fields = json!({"trigger_type": "cron", "cron_schedule": "@yearly", "enabled": false});
    let made = org.post(JOBS, job(fields)).await;
    assert_eq!((made.status, &made.body["next_execution_at"]), (201, &Value::Null), "{made}");
    let preview = org.get(&format!("{JOBS}/{}/schedule", made.text("id"))).await;
    assert_eq!(preview.body["enabled"], false);
    assert_eq!(preview.body["upcoming"].as_array().unwrap().len(), 5, "when it would");
}
