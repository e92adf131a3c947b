//! The orders in which the engine does things and that its promises rest on; a test can break each of them on purpose.
//!
//! Not here: the doing. In a build without the feature `broken-orders`, which only the engine's own tests ask for, no
//! order can be broken and the question costs nothing.

/// This comes first, then that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A batch is durable, then who waits for it is answered.
    SyncThenAnswer,
    /// A batch is durable, then the index holds it.
    SyncThenIndex,
    /// The batch that drops the last reference to a large body is durable, then its file goes.
    SyncThenUnlink,
    /// The index is durable, then files go that a start from an earlier position would want.
    PersistThenRelease,
}

impl Order {
    /// All of them.
    pub const ALL: [Order; 4] = [
        Order::SyncThenAnswer,
        Order::SyncThenIndex,
        Order::SyncThenUnlink,
        Order::PersistThenRelease,
    ];
}

/// Which orders are kept: all, unless a test says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Orders {
    #[cfg(feature = "broken-orders")]
    broken: Option<Order>,
}

impl Orders {
    /// All but this one.
    #[cfg(feature = "broken-orders")]
    pub fn without(order: Order) -> Orders {
        Orders { broken: Some(order) }
    }

    #[cfg(feature = "broken-orders")]
    pub(crate) fn breaks(self, order: Order) -> bool {
        self.broken == Some(order)
    }

    #[cfg(not(feature = "broken-orders"))]
    pub(crate) fn breaks(self, _order: Order) -> bool {
        false
    }
}
