//! Long lists of numbers in a saved model: base64 of their bytes, a quarter of what they take as text, and every bit of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// A number that can be packed.
pub trait Plain: Copy {
    /// Its bytes, the lowest first.
    fn bytes(self) -> [u8; 4];
    /// The number of those bytes.
    fn of(bytes: [u8; 4]) -> Self;
}

impl Plain for u32 {
    fn bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }

    fn of(bytes: [u8; 4]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl Plain for f32 {
    fn bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }

    fn of(bytes: [u8; 4]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

/// Positions in lists that fit memory: fewer than 2^32, as products and customers are numbered.
impl Plain for usize {
    fn bytes(self) -> [u8; 4] {
        u32::try_from(self).unwrap_or(u32::MAX).to_le_bytes()
    }

    fn of(bytes: [u8; 4]) -> Self {
        u32::from_le_bytes(bytes) as Self
    }
}

/// Writes the numbers.
pub fn serialize<T: Plain, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.bytes()).collect();
    serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
}

/// Reads them.
pub fn deserialize<'de, T: Plain, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = STANDARD_NO_PAD.decode(text).map_err(D::Error::custom)?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(D::Error::custom("packed numbers end in the middle of one"));
    }
    Ok(numbers.iter().map(|bytes| T::of(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    #[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
    struct Lists {
        #[serde(with = "super")]
        places: Vec<usize>,
        #[serde(with = "super")]
        values: Vec<f32>,
    }

    #[test]
    fn every_bit_comes_back() {
        let lists =
            Lists { places: vec![0, 7, 4_000_000_000], values: vec![0.1, -0.0, f32::MIN_POSITIVE, f32::INFINITY] };
        let text = serde_json::to_string(&lists).unwrap();
        assert_eq!(serde_json::from_str::<Lists>(&text).unwrap(), lists);
        assert_eq!(text, serde_json::to_string(&serde_json::from_str::<Lists>(&text).unwrap()).unwrap());
        assert!(serde_json::from_str::<Lists>(r#"{"places":"AAA","values":""}"#).is_err());
        assert!(serde_json::from_str::<Lists>(r#"{"places":"*","values":""}"#).is_err());
    }
}
