//! Sources to canonical tables, snapshots, metrics and the customer 360 (layer 3).
