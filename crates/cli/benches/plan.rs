//! What it takes to make a plan for a large factory, once its inventory is a file: read, draft, number and seal.
//! The alternative is what reading costs at least: the same text, parsed into a tree of JSON values.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(clippy::unwrap_used, reason = "a benchmark")]

mod support;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use envclone_core::inventory::Inventory;
use support::{Bench, scale};

fn plan(criterion: &mut Criterion) {
    let bench = Bench::new(scale());
    let text = serde_json::to_string_pretty(&bench.inventory).unwrap();
    let inventory = Inventory::read(&text).unwrap();
    let drafted = bench.draft();
    let counts = bench.counts(&drafted);
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(20);
    group.bench_function("whole", |it| {
        it.iter(|| {
            let inventory = Inventory::read(&text).unwrap();
            bench.draft_of(&inventory).counted(&counts)
        });
    });
    group.bench_function("alternative: parse only", |it| {
        it.iter(|| serde_json::from_str::<serde_json::Value>(&text).unwrap());
    });
    group.bench_function("read", |it| it.iter(|| Inventory::read(&text).unwrap()));
    group.bench_function("draft", |it| it.iter(|| bench.draft_of(&inventory)));
    group.bench_function("counted", |it| {
        it.iter_batched(
            || drafted.clone(),
            |plan| plan.counted(&counts),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, plan);
criterion_main!(benches);
