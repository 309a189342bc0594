//! Rectangles that names in a picture take up, and where to try to put them.

/// A rectangle that a name takes up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Place {
    pub(super) fn around((x, y): (f64, f64), width: f64, height: f64) -> Self {
        Self { left: x - width / 2.0, top: y - height / 2.0, width, height }
    }

    pub(super) fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.left..=self.left + self.width).contains(&x) && (self.top..=self.top + self.height).contains(&y)
    }

    pub(super) fn surrounds(&self, other: &Self) -> bool {
        self.holds((other.left, other.top)) && self.holds((other.left + other.width, other.top + other.height))
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        let apart = |a: f64, a_size: f64, b: f64, b_size: f64| a + a_size <= b || b + b_size <= a;
        !apart(self.left, self.width, other.left, other.width) && !apart(self.top, self.height, other.top, other.height)
    }

    /// The point of the rectangle nearest to `x`, `y`.
    pub(super) fn nearest(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x.max(self.left).min(self.left + self.width), y.max(self.top).min(self.top + self.height))
    }
}

/// Places to try for a name, in pixels from its group's centre: rings of growing radius, wider than high as names are.
pub(super) fn offsets() -> impl Iterator<Item = (f64, f64)> {
    let ring = |radius: f64| {
        (0..16).map(move |step| {
            let angle = f64::from(step) * std::f64::consts::TAU / 16.0;
            (1.5 * radius * angle.cos(), radius * angle.sin())
        })
    };
    std::iter::once((0.0, 0.0)).chain((1..=16).flat_map(move |step| ring(f64::from(step) * 8.0)))
}
