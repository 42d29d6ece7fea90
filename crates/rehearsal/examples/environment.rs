//! Builds an environment: `cargo run --release --example environment -- FOLDER [SCALE] [SEED]`.

use envclone_rehearsal::{Spec, sqlite};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let scale = arguments.next().map_or(Ok(1), |it| it.parse())?;
    let seed = arguments.next().map_or(Ok(1), |it| it.parse())?;
    let spec = Spec { scale, seed };
    let (_, manifest) = sqlite::create(Path::new(&folder), &spec, &mut |_| {})?;
    let file = Path::new(&folder).join("manifest.json");
    std::fs::write(file, serde_json::to_string_pretty(&manifest)?)?;
    Ok(())
}
