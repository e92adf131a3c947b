//! An answer that is often there already.
//!
//! Not here: who answers. What is in memory is answered as it stands; only what has to be waited for costs a future of
//! its own.
//!
//! Keeps true: whoever awaits it cannot tell the two apart.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a call answers that seldom waits. To be awaited like any other future, and once.
#[must_use = "an answer that is not awaited may never be made"]
pub struct Soon<'a, T>(State<'a, T>);

enum State<'a, T> {
    /// `None` once it was handed out.
    Now(Option<T>),
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> Soon<'a, T> {
    /// The answer is here.
    pub fn now(answer: T) -> Soon<'a, T> {
        Soon(State::Now(Some(answer)))
    }

    /// The answer has to be waited for.
    pub fn later(answer: impl Future<Output = T> + Send + 'a) -> Soon<'a, T> {
        Soon(State::Later(Box::pin(answer)))
    }
}

/// The answer is moved out, never pinned.
impl<T> Unpin for Soon<'_, T> {}

impl<T> Future for Soon<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            State::Now(answer) => Poll::Ready(answer.take().expect("a future is not polled after its end")),
            State::Later(answer) => answer.as_mut().poll(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn an_answer_that_is_here_and_one_that_comes_later_are_the_same_to_whoever_awaits_them() {
        let here = String::from("here");
        let mut context = Context::from_waker(Waker::noop());
        for answer in [Soon::now(here.as_str()), Soon::later(async { here.as_str() })] {
            let mut waiting = Box::pin(async move { answer.await.len() });
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(4));
        }
        let mut never: Soon<'_, ()> = Soon::later(std::future::pending());
        assert!(Pin::new(&mut never).poll(&mut context).is_pending());
    }
}
