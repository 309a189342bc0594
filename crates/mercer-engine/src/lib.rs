//! The embedded query engine: SQL over Parquet and Arrow with bounded memory.
