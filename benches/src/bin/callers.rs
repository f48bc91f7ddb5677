//! What a durable decision costs with 1 to 256 concurrent callers: a table, and the same drawn into the file that is named.
//!
//!     cargo run --release -p axtary-benches --bin callers -- docs/ledger-callers.svg

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{
    error::Error,
    fs::OpenOptions,
    io::Write as _,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use axtary_actionpass::{Guard, SigningKey};
use axtary_benches::{action, issuer, native};
use axtary_ledger::{Durability, FileLedger};
use plotters::prelude::*;
use tempfile::TempDir;

type Failure = Box<dyn Error + Send + Sync>;

const CALLERS: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// How many calls are made with so many callers in all, so that every row takes about as long.
const CALLS: usize = 20_000;

/// What so many callers saw.
struct Row {
    callers: usize,
    /// Decisions a second, on disk before they are told, and in the page cache alone.
    durable: f64,
    buffered: f64,
    /// How long a caller waits for a durable one: half of them, and 99 of 100, at most.
    median: Duration,
    slow: Duration,
}

fn main() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let bare = bare_sync(&folder)?;
    println!("bare append + fdatasync: {} µs\n", bare.as_micros());
    println!(
        "{:>7} {:>12} {:>12} {:>9} {:>9} {:>16}",
        "callers", "durable/s", "buffered/s", "p50 µs", "p99 µs", "durable/buffered"
    );
    let mut rows = Vec::new();
    for callers in CALLERS {
        let row = row(&folder, callers)?;
        println!(
            "{:>7} {:>12.0} {:>12.0} {:>9} {:>9} {:>16.2}",
            row.callers,
            row.durable,
            row.buffered,
            row.median.as_micros(),
            row.slow.as_micros(),
            row.durable / row.buffered
        );
        rows.push(row);
    }
    if let Some(path) = std::env::args().nth(1) {
        draw(&path, &rows, bare)?;
    }
    Ok(())
}

/// The median of a bare append and fdatasync.
fn bare_sync(folder: &TempDir) -> Result<Duration, Failure> {
    let mut file = OpenOptions::new().create(true).append(true).open(folder.path().join("bare"))?;
    let mut times = Vec::new();
    for _ in 0..1000 {
        let start = Instant::now();
        file.write_all(&[b'x'; 1000])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(at(&mut times, 50))
}

fn row(folder: &TempDir, callers: usize) -> Result<Row, Failure> {
    let guard = |durability: Durability| -> Result<Guard, Failure> {
        let path = folder.path().join(format!("{durability:?}-{callers}.jsonl"));
        let ledger = FileLedger::open(path, durability)?;
        Ok(Guard::new(native(10)?, ledger, SigningKey::from_seed(&[7; 32]), issuer()?)?)
    };
    let (durable, mut waits) = run(&guard(Durability::Synced)?, callers)?;
    let (buffered, _) = run(&guard(Durability::Buffered)?, callers)?;
    let (median, slow) = (at(&mut waits, 50), at(&mut waits, 99));
    Ok(Row { callers, durable, buffered, median, slow })
}

/// The rate of checks, and how long each took.
fn run(guard: &Guard, callers: usize) -> Result<(f64, Vec<Duration>), Failure> {
    // One caller waits for the disk each time.
    let each = if callers == 1 { CALLS / 8 } else { CALLS / callers };
    let barrier = Barrier::new(callers);
    let action = action()?;
    thread::scope(|scope| {
        let check = || -> Result<(Instant, Vec<Duration>), Failure> {
            barrier.wait();
            let begun = Instant::now();
            let mut waits = Vec::with_capacity(each);
            for _ in 0..each {
                let start = Instant::now();
                let _pass = guard.check(&action).map_err(|refusal| refusal.to_string())?;
                waits.push(start.elapsed());
            }
            Ok((begun, waits))
        };
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(check)).collect();
        let mut waits = Vec::new();
        let mut first = Instant::now();
        for thread in threads {
            let (begun, waited) = thread.join().map_err(|_| "a caller panicked")??;
            first = first.min(begun);
            waits.extend(waited);
        }
        let rate = waits.len() as f64 / first.elapsed().as_secs_f64();
        Ok((rate, waits))
    })
}

/// The time that so many of 100 do not exceed.
fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}

fn draw(path: &str, rows: &[Row], bare: Duration) -> Result<(), Failure> {
    let root = SVGBackend::new(path, (880, 380)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(440);
    let callers = |row: &Row| row.callers as f64;
    let across = (1.0..256.0).log_scale().base(2.0);

    let most = rows.iter().map(|row| row.buffered.max(row.durable)).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&left)
        .caption("decisions a second", ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(60)
        .build_cartesian_2d(across.clone(), 0.0..most * 1.1)?;
    chart.configure_mesh().x_desc("concurrent callers").light_line_style(WHITE).draw()?;
    for (name, color, rate) in [
        ("on disk (synced)", &BLUE, (|row: &Row| row.durable) as fn(&Row) -> f64),
        ("page cache (buffered)", &RED, |row| row.buffered),
    ] {
        let points = rows.iter().map(|row| (callers(row), rate(row)));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;

    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let slowest = rows.iter().map(|row| micros(row.slow)).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&right)
        .caption("a caller's wait for a durable decision, µs", ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(60)
        .build_cartesian_2d(across, (50.0..slowest * 1.3).log_scale())?;
    chart.configure_mesh().x_desc("concurrent callers").light_line_style(WHITE).draw()?;
    for (name, color, wait) in [
        ("p50", &BLUE, (|row: &Row| row.median) as fn(&Row) -> Duration),
        ("p99", &RED, |row| row.slow),
    ] {
        let points = rows.iter().map(|row| (callers(row), micros(wait(row))));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    let bare = [(1.0, micros(bare)), (256.0, micros(bare))];
    chart
        .draw_series(LineSeries::new(bare, BLACK.mix(0.4).stroke_width(1)))?
        .label("bare append + fdatasync")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], BLACK.mix(0.4)));
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
