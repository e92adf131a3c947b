//! One rule, one fact.
