//! Metric and customer 360 definitions, compiled to SQL (layer 2; knows no engine).
