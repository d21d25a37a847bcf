//! Lists come in pages, by key.

use serde::Serialize;

/// The most items a page can hold.
pub const PAGE_LIMIT: i64 = 100;

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub struct PageRequest<K> {
    /// The key of the last item seen; the page begins after it.
    pub after: Option<K>,
    /// At most so many items, 1 to [`PAGE_LIMIT`].
    pub limit: i64,
}

impl<K> PageRequest<K> {
    /// The first page of the usual size.
    pub const fn first() -> Self {
        Self {
            after: None,
            limit: 50,
        }
    }

    /// A page with the limit kept within its bounds.
    pub fn new(after: Option<K>, limit: Option<i64>) -> Self {
        Self {
            after,
            limit: limit.unwrap_or(50).clamp(1, PAGE_LIMIT),
        }
    }
}

/// Part of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to pass as `after` to read on; none at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page from rows of which one more than wanted was read.
    pub fn cut(mut rows: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }

    /// The same page with each item turned into something else.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(into).collect(),
            next: self.next,
        }
    }
}
