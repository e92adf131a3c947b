//! What a simulation says is what would be decided.

use crate::support::*;
use countersign_identity::limits::SIMULATIONS_MAX;
use countersign_types::iam::{Answer, Call, ContextEntry, FaultCode, SimulatedAction, Simulation};

fn asking(actions: &[&str], resources: &[&str]) -> Simulation {
    Simulation {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: resources.iter().map(|resource| (*resource).to_owned()).collect(),
        ..Simulation::default()
    }
}

async fn simulated(world: &World, call: Call) -> Vec<SimulatedAction> {
    match world.done(call).await {
        Answer::Simulated(listing) => listing.items,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_action_on_each_resource_is_decided_and_says_by_which_policy() {
    let world = World::new().await;
    world.user("ada").await;
    world.done(create_group("devs")).await;
    world.done(add_to_group("devs", "ada")).await;
    let get_photos = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"},
        {"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}"#;
    world.done(put_inline(&user("ada"), "photos", get_photos)).await;
    let devs = countersign_types::iam::Holder::Group("devs".to_owned());
    world
        .done(attach(&devs, "arn:aws:iam::aws:policy/IAMReadOnlyAccess"))
        .await;
    let arn = "arn:aws:iam::000000000001:user/ada";
    let call = |simulation| Call::SimulatePrincipalPolicy {
        source_arn: arn.to_owned(),
        simulation,
    };
    let asked = asking(
        &["s3:GetObject", "s3:DeleteObject"],
        &["arn:aws:s3:::photos/1", "arn:aws:s3:::docs/1"],
    );
    let found = simulated(&world, call(asked)).await;
    let decisions: Vec<&str> = found.iter().map(|answer| answer.decision).collect();
    assert_eq!(
        decisions,
        ["allowed", "implicitDeny", "explicitDeny", "explicitDeny"]
    );
    let [matched] = found[0].matched.as_slice() else {
        panic!("one statement");
    };
    assert_eq!(
        (matched.policy_id.as_str(), matched.policy_type),
        ("user/ada/photos", "user")
    );
    let found = simulated(&world, call(asking(&["iam:GetUser"], &[]))).await;
    assert_eq!(
        (found[0].decision, found[0].matched[0].policy_type),
        ("allowed", "aws-managed")
    );
    // A policy that is only tried, and a boundary that is.
    let mut tried = asking(&["s3:PutObject"], &[]);
    tried.policies = vec![allowing("s3:PutObject")];
    let found = simulated(&world, call(tried.clone())).await;
    assert_eq!(
        (found[0].decision, found[0].is_allowed_by_boundary),
        ("allowed", None)
    );
    assert_eq!(found[0].matched[0].policy_id, "PolicyInputList.1");
    tried.boundaries = vec![allowing("s3:GetObject")];
    let found = simulated(&world, call(tried)).await;
    assert_eq!(
        (found[0].decision, found[0].is_allowed_by_boundary),
        ("implicitDeny", Some(false))
    );
    let fault = world
        .call(Call::SimulatePrincipalPolicy {
            source_arn: "arn:aws:iam::000000000001:user/none".to_owned(),
            simulation: asking(&["s3:GetObject"], &[]),
        })
        .await;
    assert_eq!(fault.map_err(|fault| fault.code), Err(FaultCode::NoSuchEntity));
}

#[tokio::test]
async fn conditions_see_what_is_said_and_ask_for_what_is_not() {
    let world = World::new().await;
    let conditional = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*",
        "Condition":{"StringEquals":{"s3:prefix":"home/"}}}}"#;
    let mut asked = asking(&["s3:ListBucket"], &["arn:aws:s3:::b"]);
    asked.policies = vec![conditional.to_owned()];
    let custom = |simulation| Call::SimulateCustomPolicy { simulation };
    let found = simulated(&world, custom(asked.clone())).await;
    assert_eq!(
        (found[0].decision, found[0].missing_context.as_slice()),
        ("implicitDeny", &["s3:prefix".to_owned()][..])
    );
    asked.context = vec![ContextEntry {
        name: "s3:prefix".to_owned(),
        values: vec!["home/".to_owned()],
    }];
    let found = simulated(&world, custom(asked)).await;
    assert_eq!(
        (found[0].decision, found[0].missing_context.len()),
        ("allowed", 0)
    );
}

#[tokio::test]
async fn the_policy_of_a_resource_and_its_owner_count() {
    let world = World::new().await;
    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    let bucket = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"000000000001"},
        "Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
    let call = |owner: Option<&str>, policies: Vec<String>| Call::SimulatePrincipalPolicy {
        source_arn: "arn:aws:iam::000000000001:role/reader".to_owned(),
        simulation: Simulation {
            policies,
            resource_policy: Some(bucket.to_owned()),
            resource_owner: owner.map(str::to_owned),
            ..asking(&["s3:GetObject"], &["arn:aws:s3:::b/k"])
        },
    };
    let other = "arn:aws:iam::999999999999:root";
    for (owner, policies, expected) in [
        (Some(other), vec![], "implicitDeny"),
        (Some("999999999999"), vec![allowing("s3:*")], "allowed"),
        (None, vec![allowing("s3:*")], "allowed"),
    ] {
        let found = simulated(&world, call(owner, policies)).await;
        assert_eq!(found[0].decision, expected, "{owner:?}");
    }
}

#[tokio::test]
async fn a_simulation_has_its_bounds() {
    let world = World::new().await;
    let actions: Vec<String> = (0..SIMULATIONS_MAX / 10)
        .map(|at| format!("s3:Action{at}"))
        .collect();
    let mut simulation = Simulation {
        actions,
        resources: vec!["*".to_owned(); 10],
        ..Simulation::default()
    };
    assert!(
        world
            .call(Call::SimulateCustomPolicy {
                simulation: simulation.clone()
            })
            .await
            .is_ok()
    );
    simulation.resources.push("*".to_owned());
    let came = world.call(Call::SimulateCustomPolicy { simulation }).await;
    assert_eq!(came.map_err(|fault| fault.code), Err(FaultCode::LimitExceeded));
}
