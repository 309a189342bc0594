//! Numbers that are checked where they are read, so that no method sees a parameter out of its range.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Makes a checked number: a newtype over `f64` that refuses values outside its range when it is read.
macro_rules! checked {
    ($(#[$doc:meta])* $name:ident, $range:literal, |$value:ident| $check:expr, $schema:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            const fn in_range($value: f64) -> bool {
                $check
            }

            /// The number, where it is in range.
            #[must_use]
            pub const fn new(value: f64) -> Option<Self> {
                if Self::in_range(value) { Some(Self(value)) } else { None }
            }

            /// A number that is known when the program is written, such as a default: one out of range does not compile.
            #[must_use]
            pub const fn constant<const THOUSANDTHS: u32>() -> Self {
                const {
                    assert!(Self::in_range(THOUSANDTHS as f64 / 1000.0), $range);
                }
                Self(THOUSANDTHS as f64 / 1000.0)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = f64::deserialize(deserializer)?;
                Self::new(value).ok_or_else(|| D::Error::custom(format!("{value} is not {}", $range)))
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

checked!(
    /// A finite number above zero.
    Positive,
    "a number above 0",
    |value| value.is_finite() && value > 0.0,
    { "type": "number", "exclusiveMinimum": 0 }
);
checked!(
    /// A number from 0 to 1, both included.
    Share,
    "a share from 0 to 1",
    |value| value >= 0.0 && value <= 1.0,
    { "type": "number", "minimum": 0, "maximum": 1 }
);
checked!(
    /// A confidence level: above 0, below 1.
    Confidence,
    "a confidence between 0 and 1, such as 0.9",
    |value| value > 0.0 && value < 1.0,
    { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_is_refused_in_words() {
        let read = |text: &str| serde_json::from_str::<Positive>(text).map_err(|error| error.to_string());
        assert_eq!(read("2.5").map(Positive::get), Ok(2.5));
        assert!(read("0").unwrap_err().contains("0 is not a number above 0"));
        assert!(serde_json::from_str::<Share>("1.2").is_err());
        assert!(Confidence::new(1.0).is_none() && Confidence::new(f64::NAN).is_none());
        assert_eq!(serde_json::to_string(&Share::new(0.5)).unwrap(), "0.5");
    }
}
