//! Who bought what when: the orders of all customers, customer by customer and each from the oldest to the newest.

use serde::{Deserialize, Serialize};

/// All orders of all customers. Products and customers are numbered from 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log {
    /// How many products there are.
    pub(crate) products: usize,
    /// For each customer the first of their orders, and at the end the number of orders.
    #[serde(with = "mercer_method::packed")]
    customer_starts: Vec<usize>,
    /// When each order was, in days since 1970.
    days: Vec<f64>,
    /// For each order the first of its lines, and at the end the number of lines.
    #[serde(with = "mercer_method::packed")]
    order_starts: Vec<usize>,
    /// The product of each line; rising and each once within an order.
    #[serde(with = "mercer_method::packed")]
    lines: Vec<u32>,
    /// The quantity of each line.
    #[serde(with = "mercer_method::packed")]
    quantities: Vec<f32>,
    /// For each customer the number of their segment, or [`NO_SEGMENT`]; empty where nobody has one.
    #[serde(with = "mercer_method::packed", default)]
    segments: Vec<u32>,
}

/// Stands for a segment that is not known.
const NO_SEGMENT: u32 = u32::MAX;

/// An order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Order<'a> {
    /// When, in days since 1970.
    pub(crate) day: f64,
    /// Its products, rising, each once.
    pub(crate) products: &'a [u32],
    /// How much of each.
    pub(crate) quantities: &'a [f32],
}

/// The orders of one customer, from the oldest to the newest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orders<'a> {
    log: &'a Log,
    first: usize,
    last: usize,
    /// The number of the customer's segment, where it is known.
    pub(crate) segment: Option<u32>,
}

impl Log {
    /// An empty log over `products` products.
    pub(crate) fn new(products: usize) -> Self {
        Self { products, customer_starts: vec![0], order_starts: vec![0], ..Self::default() }
    }

    /// Adds an order to the customer that is being written. Lines are products, rising and each once, with their quantities.
    pub(crate) fn push_order(&mut self, day: f64, lines: impl IntoIterator<Item = (u32, f32)>) {
        for (product, quantity) in lines {
            self.lines.push(product);
            self.quantities.push(quantity);
        }
        self.days.push(day);
        self.order_starts.push(self.lines.len());
    }

    /// Ends the customer that is being written; the next order is the next customer's.
    pub(crate) fn end_customer(&mut self) {
        self.customer_starts.push(self.days.len());
    }

    /// The log with each customer's segment, where `segment_of` a customer's number knows it.
    pub(crate) fn with_segments(mut self, segment_of: impl Fn(usize) -> Option<u32>) -> Self {
        self.segments = (0..self.customers()).map(|customer| segment_of(customer).unwrap_or(NO_SEGMENT)).collect();
        if self.segments.iter().all(|segment| *segment == NO_SEGMENT) {
            self.segments.clear();
        }
        self
    }

    /// Whether any customer has a segment.
    pub(crate) fn has_segments(&self) -> bool {
        !self.segments.is_empty()
    }

    /// How many customers there are.
    pub(crate) fn customers(&self) -> usize {
        self.customer_starts.len().saturating_sub(1)
    }

    /// How many lines there are.
    pub(crate) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// The orders of a customer; none for a customer that is not there.
    pub(crate) fn of(&self, customer: usize) -> Orders<'_> {
        let start = |at: usize| self.customer_starts.get(at).copied().unwrap_or(self.days.len());
        let segment = self.segments.get(customer).copied().filter(|segment| *segment != NO_SEGMENT);
        Orders { log: self, first: start(customer), last: start(customer.saturating_add(1)), segment }
    }

    /// The orders of each customer in turn.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Orders<'_>> {
        (0..self.customers()).map(|customer| self.of(customer))
    }

    /// The log with only the orders that `keep` wants. Customers stay, also without orders.
    pub(crate) fn filtered(&self, keep: impl Fn(usize, Order<'_>) -> bool) -> Self {
        let mut log = Self { segments: self.segments.clone(), ..Self::new(self.products) };
        for (customer, orders) in self.iter().enumerate() {
            for order in orders.iter().filter(|order| keep(customer, *order)) {
                let lines = order.products.iter().copied().zip(order.quantities.iter().copied());
                log.push_order(order.day, lines);
            }
            log.end_customer();
        }
        log
    }
}

impl<'a> Orders<'a> {
    /// Each order, from the oldest to the newest.
    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = Order<'a>> + ExactSizeIterator {
        let Self { log, first, last, .. } = self;
        (first..last).map(move |order| {
            let lines = log.order_starts[order]..log.order_starts[order + 1];
            Order { day: log.days[order], products: &log.lines[lines.clone()], quantities: &log.quantities[lines] }
        })
    }

    /// How many orders there are.
    pub(crate) fn len(self) -> usize {
        self.last - self.first
    }

    /// Whether there are none.
    pub(crate) fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The newest order.
    pub(crate) fn newest(self) -> Option<Order<'a>> {
        self.iter().next_back()
    }

    /// The products that were ever bought, rising, and in how many orders each.
    pub(crate) fn products(self) -> Vec<(u32, u32)> {
        let mut all: Vec<u32> = self.iter().flat_map(|order| order.products.iter().copied()).collect();
        all.sort_unstable();
        all.chunk_by(|a, b| a == b).map(|same| (same[0], u32::try_from(same.len()).unwrap_or(u32::MAX))).collect()
    }
}
