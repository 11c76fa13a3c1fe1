//! A seeded simulation of the whole gateway's logic on virtual time.

mod world;

#[test]
fn a_world_comes_to_its_end() {
    for seed in 0..50 {
        let outcome = world::run::run(seed, false);
        println!("{seed} {:?}", outcome);
    }
}
