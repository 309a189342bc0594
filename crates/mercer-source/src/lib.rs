//! Reads what people export (CSV, Parquet, JSON lines, Excel) into Arrow batches, and profiles it.
