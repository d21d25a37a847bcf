//! Shifts: published, filled, called off.

use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use askama::Template;
use availability::{Shift, ShiftInput, ShiftWithSeats};
use chrono::{DateTime, Days, MappedLocalTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use dispatch::Queue;
use kernel::{Checks, Invalid, PageRequest, ShiftId};
use serde::Deserialize;

use crate::{
    extract::{Form, Supervisor},
    pages::{
        Faults, Layout, PageResult,
        fields::{form_page, whole_number},
        figures, see_other_with_notice,
    },
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(shifts_page)
        .service(publish)
        .service(admit)
        .service(cancel);
}

#[derive(Template)]
#[template(path = "ops/shifts.html")]
struct ShiftsPage {
    layout: Layout,
    queues: Vec<Queue>,
    /// The codes of queues that take agents on a shift only.
    closed: Vec<String>,
    days: Vec<Day>,
    next: Option<String>,
    faults: Faults,
    form: ShiftForm,
}

/// The shifts that begin on one day, in UTC.
struct Day {
    date: NaiveDate,
    shifts: Vec<ShiftWithSeats>,
}

impl Day {
    /// Shifts come sorted by their start.
    fn all(shifts: Vec<ShiftWithSeats>) -> Vec<Self> {
        let mut days: Vec<Self> = Vec::new();
        for one in shifts {
            let date = one.shift.starts_at.date_naive();
            match days.last_mut() {
                Some(day) if day.date == date => day.shifts.push(one),
                _ => days.push(Self {
                    date,
                    shifts: vec![one],
                }),
            }
        }
        days
    }
}

impl ShiftsPage {
    fn queue_options(&self) -> Vec<(String, String)> {
        let queues = self.queues.iter();
        queues
            .map(|queue| (queue.code.clone(), queue.name.clone()))
            .collect()
    }

    fn is_open(&self, code: &str) -> bool {
        self.closed.iter().all(|closed| closed != code)
    }

    fn queue_name<'a>(&'a self, code: &'a str) -> &'a str {
        let found = self.queues.iter().find(|queue| queue.code == code);
        found.map_or(code, |queue| &queue.name)
    }
}

/// A shift on the clock of whoever plans it.
#[derive(Clone, Default, Deserialize)]
struct ShiftForm {
    queue: String,
    date: String,
    starts: String,
    ends: String,
    seats: String,
    /// The IANA name of the clock.
    #[serde(default)]
    zone: String,
}

impl ShiftForm {
    /// Tomorrow from nine to five.
    fn fresh(now: DateTime<Utc>) -> Self {
        let tomorrow = now.date_naive() + Days::new(1);
        Self {
            date: tomorrow.to_string(),
            starts: "09:00".to_owned(),
            ends: "17:00".to_owned(),
            seats: "1".to_owned(),
            zone: "UTC".to_owned(),
            ..Self::default()
        }
    }

    /// The shift that is meant. An end that is earlier than the start is on the next day.
    fn input(&self) -> Result<ShiftInput, Invalid> {
        let mut checks = Checks::new();
        let zone = zone(&mut checks, &self.zone);
        let date = date(&mut checks, &self.date);
        let starts = time(&mut checks, "starts_at", &self.starts);
        let ends = time(&mut checks, "ends_at", &self.ends);
        let last = if ends < starts {
            date + Days::new(1)
        } else {
            date
        };
        let input = ShiftInput {
            queue: self.queue.clone(),
            starts_at: instant(&mut checks, "starts_at", zone, date.and_time(starts)),
            ends_at: instant(&mut checks, "ends_at", zone, last.and_time(ends)),
            seats: whole_number(&mut checks, "seats", &self.seats),
        };
        checks.done().map(|()| input)
    }
}

fn zone(checks: &mut Checks, text: &str) -> Tz {
    text.parse().unwrap_or_else(|_| {
        checks.fault("zone", "must be a time zone such as Europe/Stockholm");
        Tz::UTC
    })
}

fn date(checks: &mut Checks, text: &str) -> NaiveDate {
    // A year of five digits would run over when a day is added to it.
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    let sane = parsed.ok().filter(|_| text.len() == 10);
    sane.unwrap_or_else(|| {
        checks.fault("date", "must be a day such as 2026-05-31");
        NaiveDate::default()
    })
}

fn time(checks: &mut Checks, field: &str, text: &str) -> NaiveTime {
    let minutes = text.get(..5).unwrap_or(text);
    NaiveTime::parse_from_str(minutes, "%H:%M").unwrap_or_else(|_| {
        checks.fault(field, "must be a time such as 09:30");
        NaiveTime::MIN
    })
}

/// The instant at which a clock shows this. In spring an hour is missing from it; of an hour that
/// comes twice in autumn, the first is meant.
fn instant(
    checks: &mut Checks,
    field: &str,
    zone: Tz,
    local: chrono::NaiveDateTime,
) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.to_utc(),
        MappedLocalTime::None => {
            checks.fault(
                field,
                "does not exist on that day, because the clocks go forward",
            );
            DateTime::UNIX_EPOCH
        }
    }
}

#[derive(Deserialize)]
struct ListQuery {
    after: Option<ShiftId>,
}

#[get("/ops/shifts")]
async fn shifts_page(
    _caller: Supervisor,
    query: Query<ListQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let form = ShiftForm::fresh(state.db.now());
    show(&state, layout, query.after, Faults::default(), form).await
}

async fn show(
    state: &State,
    layout: Layout,
    after: Option<ShiftId>,
    faults: Faults,
    form: ShiftForm,
) -> PageResult {
    let (now, page) = (state.db.now(), PageRequest::new(after, None));
    let (queues, closed, shifts) = state
        .read(move |conn| {
            Ok((
                dispatch::queries::queues(conn)?,
                availability::closed_queues(conn)?,
                availability::upcoming_shifts(conn, now, &page)?,
            ))
        })
        .await?;
    let page = ShiftsPage {
        layout: layout.titled("Shifts"),
        queues,
        closed,
        days: Day::all(shifts.items),
        next: shifts.next,
        faults,
        form,
    };
    form_page(&page.faults, &page)
}

#[post("/ops/shifts")]
async fn publish(
    caller: Supervisor,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<ShiftForm>,
) -> PageResult {
    let input = match form.input() {
        Ok(input) => input,
        Err(invalid) => {
            return show(&state, layout, None, Faults::of(refused(invalid))?, form).await;
        }
    };
    let by = caller.account_id;
    let db = caller.acting_db();
    let write = db.write("publish_shift", move |tx| {
        workflows::publish_shift(tx, &input, by)
    });
    match write.await {
        Ok(shift) => Ok(see_other_with_notice("/ops/shifts", &published(&shift))),
        Err(error) => show(&state, layout, None, Faults::of(error)?, form).await,
    }
}

fn refused(invalid: Invalid) -> availability::Error {
    invalid.into()
}

fn published(shift: &Shift) -> String {
    format!(
        "Published: {} UTC, {}.",
        shift.starts_at.format("%a %-d %b %Y, %H:%M"),
        figures::count(shift.seats, "seat", "seats")
    )
}

#[derive(Deserialize)]
struct AdmissionForm {
    queue: String,
    on_demand: bool,
}

#[post("/ops/shifts/admission")]
async fn admit(
    caller: Supervisor,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<AdmissionForm>,
) -> PageResult {
    let (AdmissionForm { queue, on_demand }, by) = (form, caller.account_id);
    let db = caller.acting_db();
    let write = db.write("set_on_demand", move |tx| {
        workflows::set_on_demand(tx, &queue, on_demand, by)
    });
    match write.await {
        Ok(_) if on_demand => Ok(see_other_with_notice(
            "/ops/shifts",
            "The queue takes whoever is there.",
        )),
        Ok(_) => Ok(see_other_with_notice(
            "/ops/shifts",
            "The queue takes only agents who are on a shift for it.",
        )),
        Err(error) => {
            let (faults, form) = (Faults::of(error)?, ShiftForm::fresh(state.db.now()));
            show(&state, layout, None, faults, form).await
        }
    }
}

#[post("/ops/shifts/{id}/cancel")]
async fn cancel(
    caller: Supervisor,
    id: Path<ShiftId>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let id = id.into_inner();
    let db = caller.acting_db();
    let write = db.write("cancel_shift", move |tx| workflows::cancel_shift(tx, id));
    match write.await {
        Ok(_) => Ok(see_other_with_notice(
            "/ops/shifts",
            "The shift is cancelled, and everybody who had a seat gets a letter.",
        )),
        Err(error) => {
            let (faults, form) = (Faults::of(error)?, ShiftForm::fresh(state.db.now()));
            show(&state, layout, None, faults, form).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(date: &str, starts: &str, ends: &str, zone: &str) -> ShiftForm {
        ShiftForm {
            queue: "general".to_owned(),
            date: date.to_owned(),
            starts: starts.to_owned(),
            ends: ends.to_owned(),
            seats: "2".to_owned(),
            zone: zone.to_owned(),
        }
    }

    fn fault(form: &ShiftForm) -> String {
        let fields = form.input().unwrap_err().fields;
        fields.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_shift_is_on_the_clock_it_was_planned_by() {
        let planned = form("2026-07-01", "09:00", "17:30", "Europe/Stockholm");
        let input = planned.input().unwrap();
        assert_eq!(input.starts_at.to_rfc3339(), "2026-07-01T07:00:00+00:00");
        assert_eq!(input.ends_at.to_rfc3339(), "2026-07-01T15:30:00+00:00");
    }

    #[test]
    fn a_night_shift_ends_on_the_next_day() {
        let input = form("2026-12-31", "22:00", "06:00", "UTC").input().unwrap();
        assert_eq!(input.ends_at.to_rfc3339(), "2027-01-01T06:00:00+00:00");
    }

    #[test]
    fn an_hour_that_the_clocks_leave_out_is_no_hour() {
        let spring = form("2026-03-29", "02:30", "09:00", "Europe/Stockholm");
        assert_eq!(fault(&spring), "starts_at");
        let autumn = form("2026-10-25", "02:30", "09:00", "Europe/Stockholm");
        let first = autumn.input().unwrap().starts_at;
        assert_eq!(first.to_rfc3339(), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn what_is_no_time_is_named() {
        assert_eq!(
            fault(&form("+262000-12-31", "9", "17:00", "UTC")),
            "datestarts_at"
        );
        assert_eq!(
            fault(&form("2026-07-01", "09:00", "", "Mars/Olympus")),
            "zoneends_at"
        );
    }
}
